// SPDX-License-Identifier: Apache-2.0
//
// For tests: a process, and where its memory begins.
#pragma once

#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

inline constexpr ProcessId kProcess{1};
inline constexpr Address kBase = 0x7f0000000000;

inline Address Chunk(std::uint64_t number) {
  return kBase + (number << kChunkShift);
}

}  // namespace hypertier::ranges
