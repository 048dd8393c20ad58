// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "absl/status/statusor.h"
#include "host-service/config/config.h"
#include "host-service/daemon/exit_codes.h"

namespace hypertier::daemon {

// Reads the configuration again.
using ConfigReader = std::function<absl::StatusOr<Config>()>;

// hypertierd proper: starts all parts, tells systemd, and serves until SIGTERM or SIGINT; SIGHUP lets it read the
// configuration again. That libvirt or every agent is away keeps it from nothing.
ExitCode Run(const Config& config, const ConfigReader& read);

}  // namespace hypertier::daemon
