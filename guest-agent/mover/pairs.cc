// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/pairs.h"

#include <algorithm>

namespace hypertier::agent {
namespace {

bool IsWholly(const ChunkLayout& layout, TierId tier) {
  return layout.pages[tier].size() == ranges::kPagesPerChunk;
}

}  // namespace

ChunkLayout MakeLayout(ranges::Address start, std::span<const int> nodes, const PerTier<int>& tiers, bool huge) {
  ChunkLayout layout{.chunk = ranges::ChunkDown(start), .huge = huge, .pages = {}};
  std::size_t page = (start - layout.chunk) / kPage.count();
  for (const int node : nodes) {
    if (page >= ranges::kPagesPerChunk) break;
    for (const TierId tier : kTiers) {
      if (node >= 0 && node == tiers[tier]) layout.pages[tier].push_back(static_cast<std::uint16_t>(page));
    }
    ++page;
  }
  // Split, or moved in part, since somebody saw a huge page.
  layout.huge = huge && (IsWholly(layout, TierId::kFmem) || IsWholly(layout, TierId::kSmem));
  return layout;
}

Pairs TakePairs(ChunkLayout& hot, ChunkLayout& cold, Bytes amount) {
  std::vector<std::uint16_t>& rising = hot.pages.smem();
  std::vector<std::uint16_t>& falling = cold.pages.fmem();
  Pairs result;
  if (rising.empty() || falling.empty()) return result;
  if (hot.huge && cold.huge && amount.count() >= ranges::kChunk.count() / 2) {
    rising.clear();
    falling.clear();
    return {PairKind::kHuge, {PagePair{}}};
  }
  if (hot.huge || cold.huge) return {PairKind::kMixed, {}};
  const std::size_t count = std::min({rising.size(), falling.size(), ranges::BytesToPages(amount)});
  for (std::size_t i = 0; i < count; ++i) result.pairs.push_back({rising[i], falling[i]});
  rising.erase(rising.begin(), rising.begin() + static_cast<std::ptrdiff_t>(count));
  falling.erase(falling.begin(), falling.begin() + static_cast<std::ptrdiff_t>(count));
  return result;
}

}  // namespace hypertier::agent
