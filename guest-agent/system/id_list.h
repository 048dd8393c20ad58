// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace hypertier::agent {

// The list of CPUs or NUMA nodes in this file of sysfs.
absl::StatusOr<std::vector<int>> ReadIdList(const std::string& path);

}  // namespace hypertier::agent
