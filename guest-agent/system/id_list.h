// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hypertier::agent {

// A list of CPUs or NUMA nodes as sysfs writes it, "0-2,5": rising. InvalidArgument: anything else.
absl::StatusOr<std::vector<int>> ParseIdList(std::string_view text);

// The list in this file of sysfs.
absl::StatusOr<std::vector<int>> ReadIdList(const std::string& path);

}  // namespace hypertier::agent
