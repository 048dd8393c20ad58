// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::ranges {

// The clock is passed in; nothing here reads one.
using Time = std::chrono::steady_clock::time_point;
using Seconds = std::chrono::duration<double>;

// A guest virtual address of user space.
using Address = std::uint64_t;

// Above every user address that x86-64 (5-level) and arm64 (52 bit) can have.
inline constexpr Address kAddressLimit = Address{1} << 57;

// The floor and the alignment of ranges, and the unit of moves and of residency: one transparent huge page.
inline constexpr unsigned kChunkShift = 21;
inline constexpr Bytes kChunk = Bytes(std::uint64_t{1} << kChunkShift);
inline constexpr std::uint32_t kPagesPerChunk = 512;

constexpr Address ChunkDown(Address address) {
  return address >> kChunkShift << kChunkShift;
}
constexpr Address ChunkUp(Address address) {
  return ChunkDown(address + kChunk.count() - 1);
}
constexpr Bytes PagesToBytes(std::uint64_t pages) {
  return Bytes(pages * kPage.count());
}
constexpr std::uint64_t BytesToPages(Bytes bytes) {
  return bytes.count() / kPage.count();
}

inline constexpr double kPagesPerMib = 256;

// One process for as long as it lives. Opaque: whoever makes it puts the start time in, so that a pid used again is
// another process. The order is that of the key, and breaks ties.
struct ProcessId {
  std::uint64_t key = 0;
  friend constexpr auto operator<=>(ProcessId, ProcessId) = default;
};

// [start, end)
struct AddressSpan {
  Address start = 0;
  Address end = 0;
  constexpr Bytes size() const { return Bytes(end - start); }
  friend constexpr bool operator==(const AddressSpan&, const AddressSpan&) = default;
};

// One sampled access.
struct Sample {
  ProcessId process;
  Address address = 0;
  // Accesses that it stands for: the period of its event. So loads sampled at 4093 and stores at 65535 add up right.
  std::uint32_t weight = 1;
};

// What one chunk holds, as last measured: whole pages, at most one chunk in both tiers together.
struct ChunkResidency {
  // Start of the chunk.
  Address chunk = 0;
  PerTier<Bytes> resident;
};

// The two tiers of this guest, as the kernel counts them now.
struct TierCapacity {
  // What FMEM may hold at all: present pages less the balloon.
  Bytes fmem_usable;
  PerTier<Bytes> free;
  // FMEM to be kept free for the kernel and for new allocations.
  Bytes fmem_watermark;
};

}  // namespace hypertier::ranges
