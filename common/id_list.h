// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hypertier {

// A list of CPUs or NUMA nodes as sysfs writes it, "0-2,5": rising. InvalidArgument: anything else.
absl::StatusOr<std::vector<int>> ParseIdList(std::string_view text);

}  // namespace hypertier
