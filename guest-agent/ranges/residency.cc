// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/residency.h"

namespace hypertier::ranges {

void Residency::Block::Put(unsigned i, PerTier<std::uint32_t> pages) {
  sums.fmem() += pages.fmem() - fmem[i];
  sums.smem() += pages.smem() - smem[i];
  fmem[i] = static_cast<std::uint16_t>(pages.fmem());
  smem[i] = static_cast<std::uint16_t>(pages.smem());
}

PerTier<std::uint32_t> Residency::Get(ProcessId process, Address chunk) const {
  const auto it = blocks_.find({process, chunk >> kBlockShift});
  if (it == blocks_.end()) return {};
  const unsigned i = Index(chunk);
  return {it->second.fmem[i], it->second.smem[i]};
}

bool Residency::Set(ProcessId process, Address chunk, PerTier<std::uint32_t> pages) {
  const Key key{process, chunk >> kBlockShift};
  auto it = blocks_.find(key);
  const bool empty = pages == PerTier<std::uint32_t>{};
  if (it == blocks_.end()) {
    if (empty) return true;
    if (blocks_.size() >= max_blocks_) return false;
    it = blocks_.emplace(key, Block{}).first;
  }
  it->second.Put(Index(chunk), pages);
  if (it->second.sums == PerTier<std::uint32_t>{}) blocks_.erase(it);
  return true;
}

void Residency::Erase(ProcessId process, Address start, Address end) {
  auto it = blocks_.lower_bound({process, start >> kBlockShift});
  while (it != blocks_.end() && it->first.process == process && it->first.start() < end) {
    for (unsigned i = 0; i < kChunks; ++i) {
      const Address chunk = it->first.start() + (Address{i} << kChunkShift);
      if (chunk >= start && chunk < end) it->second.Put(i, {});
    }
    it = it->second.sums == PerTier<std::uint32_t>{} ? blocks_.erase(it) : std::next(it);
  }
}

std::vector<Residency::Chunk> Residency::Collect(TierId tier, ProcessId process, Address start, Address end,
                                                 std::size_t limit) const {
  std::vector<Chunk> chunks;
  for (auto it = blocks_.lower_bound({process, start >> kBlockShift});
       it != blocks_.end() && it->first.process == process && it->first.start() < end; ++it) {
    if (it->second.sums[tier] == 0) continue;
    const auto& pages = tier == TierId::kFmem ? it->second.fmem : it->second.smem;
    const Address block = it->first.start();
    const unsigned first = start > block ? Index(start) : 0;
    const unsigned last = end - block < (Address{kChunks} << kChunkShift) ? Index(end) : kChunks;
    for (unsigned i = first; i < last; ++i) {
      if (pages[i] == 0) continue;
      const Address chunk = block + (Address{i} << kChunkShift);
      if (chunks.size() == limit) return chunks;
      chunks.push_back({chunk, {it->second.fmem[i], it->second.smem[i]}});
    }
  }
  return chunks;
}

}  // namespace hypertier::ranges
