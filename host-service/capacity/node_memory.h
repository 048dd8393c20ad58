// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/bytes.h"

namespace hypertier {

// Memory of a NUMA node of this host.
struct NodeMemory {
  Bytes total;
  Bytes free;
  // Of files, and not used for long.
  Bytes inactive_file;
};

// Of /sys/devices/system/node/nodeN/meminfo; `root` is before every path. NotFound: there is no such node.
absl::StatusOr<NodeMemory> ReadNodeMemory(const std::string& root, int node);

}  // namespace hypertier
