// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hypertier::agent {

// The name that the host gives the port.
inline constexpr std::string_view kPortName = "org.hypertier.agent.0";

// The device file of the virtio-serial port `name`: udev's link /dev/virtio-ports/NAME or, where there is no udev,
// /dev/vportXpY of the port whose name in /sys/class/virtio-ports is NAME. `root` goes before every path. NotFound says
// what the VM lacks.
absl::StatusOr<std::string> FindPort(const std::string& root, std::string_view name);

}  // namespace hypertier::agent
