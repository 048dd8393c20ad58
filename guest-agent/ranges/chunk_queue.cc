// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/chunk_queue.h"

#include <algorithm>

namespace hypertier::ranges {
namespace {

// Chunks of one range looked at together: a search in the residency costs about as much as reading as many.
constexpr std::size_t kLook = 64;

}  // namespace

ChunkPart ChunkQueue::Part() const {
  const ProcessId id = front_.ranked->range->process;
  const std::vector<Area>& areas = ranges_.processes().Find(id)->areas;
  const auto after = std::upper_bound(areas.begin(), areas.end(), front_.chunk,
                                      [](Address chunk, const Area& area) { return chunk < area.first_chunk(); });
  const AddressSpan mapped = std::prev(after)->span;
  const Address start = std::max(front_.chunk, mapped.start);
  const Address end = std::min(front_.chunk + kChunk.count(), mapped.end);
  return {id, start, Bytes(end - start)};
}

void ChunkQueue::Take(std::uint32_t pages) {
  front_.pages -= pages;
  if (front_.pages == 0) Settle();
}

void ChunkQueue::Settle() {
  while (next_chunk_ < chunks_.size() || Refill()) {
    if (next_chunk_ == chunks_.size()) continue;
    const Residency::Chunk& chunk = chunks_[next_chunk_++];
    const Ranked* ranked = order_[next_range_ - 1];
    if (deferred_.Contains(ranked->range->process, chunk.start)) continue;
    front_ = {ranked, chunk.start, chunk.pages[tier_]};
    return;
  }
}

// False when there is no range left.
bool ChunkQueue::Refill() {
  const bool more = chunks_.size() == kLook;
  chunks_.clear();
  next_chunk_ = 0;
  if (!more) {
    while (next_range_ < order_.size() && order_[next_range_]->range->pages[tier_] == 0) ++next_range_;
    if (next_range_ == order_.size()) return false;
    look_from_ = order_[next_range_++]->range->start;
  }
  const Range& range = *order_[next_range_ - 1]->range;
  chunks_ = ranges_.residency().Collect(tier_, range.process, look_from_, range.end, kLook);
  if (!chunks_.empty()) look_from_ = chunks_.back().start + kChunk.count();
  return true;
}

}  // namespace hypertier::ranges
