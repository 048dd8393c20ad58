// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// How many pages of each chunk are in which tier, as last measured. What was never measured, or found empty, takes no
// memory: a reservation of terabytes costs what it holds. Blocks of 64 chunks; at most `max_blocks` of them.
class Residency {
 public:
  struct Chunk {
    Address start = 0;
    PerTier<std::uint32_t> pages;
  };

  explicit Residency(std::size_t max_blocks) : max_blocks_(max_blocks) {}

  PerTier<std::uint32_t> Get(ProcessId process, Address chunk) const;

  // `chunk` is aligned; at most kPagesPerChunk in both tiers together. False: no room, and the chunk counts as empty.
  bool Set(ProcessId process, Address chunk, PerTier<std::uint32_t> pages);

  // Forgets [start, end), aligned; an empty chunk at the end of it.
  void Erase(ProcessId process, Address start, Address end);

  // Calls `visit(const Chunk&)` for each chunk of [start, end), aligned, that holds something, in order of address.
  template <typename Visit>
  void ForEach(ProcessId process, Address start, Address end, Visit visit) const {
    for (auto it = blocks_.lower_bound({process, start >> kBlockShift});
         it != blocks_.end() && it->first.process == process && it->first.start() < end; ++it) {
      for (unsigned i = 0; i < kChunks; ++i) {
        const Address chunk = it->first.start() + (Address{i} << kChunkShift);
        if (chunk < start || chunk >= end || it->second.empty(i)) continue;
        visit(Chunk{chunk, {it->second.fmem[i], it->second.smem[i]}});
      }
    }
  }

  // The first chunks of [start, end), aligned, that hold pages of `tier`: at most `limit`.
  std::vector<Chunk> Collect(TierId tier, ProcessId process, Address start, Address end, std::size_t limit) const;

  std::size_t blocks() const { return blocks_.size(); }

 private:
  static constexpr unsigned kChunks = 64;
  static constexpr unsigned kBlockShift = kChunkShift + 6;

  struct Key {
    ProcessId process;
    std::uint64_t number = 0;
    Address start() const { return number << kBlockShift; }
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Block {
    std::array<std::uint16_t, kChunks> fmem{};
    std::array<std::uint16_t, kChunks> smem{};
    // Sums, so that a search passes over a block that has nothing of a tier, and an empty one is dropped.
    PerTier<std::uint32_t> sums;
    bool empty(unsigned i) const { return fmem[i] == 0 && smem[i] == 0; }
    void Put(unsigned i, PerTier<std::uint32_t> pages);
  };

  static unsigned Index(Address chunk) { return static_cast<unsigned>(chunk >> kChunkShift) % kChunks; }

  const std::size_t max_blocks_;
  std::map<Key, Block> blocks_;
};

}  // namespace hypertier::ranges
