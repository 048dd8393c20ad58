// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/config/config.h"
#include "host-service/daemon/exit_codes.h"

namespace hypertier::daemon {

// hypertierd proper: starts all parts, tells systemd, and serves until SIGTERM or SIGINT. That libvirt or every agent
// is away keeps it from nothing.
ExitCode Run(const Config& config);

}  // namespace hypertier::daemon
