// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/tier.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// Where the pages of one chunk are, as far as they are still to be dealt with.
struct ChunkLayout {
  // Start of the chunk.
  ranges::Address chunk = 0;
  // One 2 MiB page: then all its pages are in one tier, and move together.
  bool huge = false;
  // Numbers of 4 KiB pages, counted from the start of the chunk, rising.
  PerTier<std::vector<std::uint16_t>> pages;

  Bytes size(TierId tier) const { return ranges::PagesToBytes(pages[tier].size()); }
  ranges::Address AddressOf(std::uint16_t page) const { return chunk + ranges::PagesToBytes(page).count(); }
};

// From the node of each page from `start` on; all of them lie in one chunk. Pages that are not there, or on a third
// node, are left out.
ChunkLayout MakeLayout(ranges::Address start, std::span<const int> nodes, const PerTier<int>& tiers, bool huge);

// Two pages to change places, by their numbers in their chunks. Of huge pages both are 0.
struct PagePair {
  std::uint16_t hot = 0;
  std::uint16_t cold = 0;
  friend bool operator==(const PagePair&, const PagePair&) = default;
};

enum class PairKind {
  kBase,
  // One pair, of two 2 MiB pages.
  kHuge,
  // Cannot be exchanged one for one: a 2 MiB page and small ones, or less than half of a 2 MiB page was asked for.
  kMixed,
};

struct Pairs {
  PairKind kind = PairKind::kBase;
  std::vector<PagePair> pairs;
};

// Takes pages out of both layouts, SMEM pages of `hot` and FMEM pages of `cold`, as many pairs as `amount` wants and
// both have. kMixed: takes none.
Pairs TakePairs(ChunkLayout& hot, ChunkLayout& cold, Bytes amount);

}  // namespace hypertier::agent
