// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/areas.h"

#include <fmt/format.h>

namespace hypertier::ranges {

absl::StatusOr<std::vector<Area>> MakeAreas(std::span<const AddressSpan> mappings) {
  std::vector<Area> areas;
  Address before = 0;
  for (const AddressSpan& mapping : mappings) {
    if (mapping.start >= mapping.end || mapping.end > kAddressLimit || mapping.start < before) {
      return absl::InvalidArgumentError(
          fmt::format("mapping {:#x}-{:#x} is empty, beyond user space, or not in order after {:#x}; pass a process's "
                      "user mappings as /proc/PID/maps lists them",
                      mapping.start, mapping.end, before));
    }
    before = mapping.end;
    if (!areas.empty() && ChunkDown(mapping.start) <= areas.back().last_chunk_end()) {
      areas.back().span.end = mapping.end;
    } else {
      areas.push_back({mapping});
    }
  }
  return areas;
}

}  // namespace hypertier::ranges
