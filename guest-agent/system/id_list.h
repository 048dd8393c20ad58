// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hypertier::agent {

// A list as sysfs writes it, "0-2,5": rising. InvalidArgument: anything else.
absl::StatusOr<std::vector<int>> ParseCpuList(std::string_view text);

// The CPUs in `root`/sys/devices/system/cpu/online.
absl::StatusOr<std::vector<int>> OnlineCpus(const std::string& root);

}  // namespace hypertier::agent
