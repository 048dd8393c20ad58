// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// A stretch of address space of which every chunk touches a mapping: the mappings with the holes between them filled
// where no whole chunk lies in the hole. `span` has the exact ends; first_chunk() and last_chunk_end() are aligned and
// do not overlap those of another area.
struct Area {
  AddressSpan span;

  Address first_chunk() const { return ChunkDown(span.start); }
  Address last_chunk_end() const { return ChunkUp(span.end); }
  friend bool operator==(const Area&, const Area&) = default;
};

// The areas of `mappings`, which are sorted and do not overlap; InvalidArgument says what is wrong with them.
absl::StatusOr<std::vector<Area>> MakeAreas(std::span<const AddressSpan> mappings);

}  // namespace hypertier::ranges
