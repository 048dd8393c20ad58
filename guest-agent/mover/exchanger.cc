// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/exchanger.h"

#include <algorithm>

namespace hypertier::agent {
namespace {

// Puts a page back that was taken but is as it was.
void PutBack(ChunkLayout& layout, TierId tier, std::uint16_t page, bool huge) {
  std::vector<std::uint16_t>& pages = layout.pages[tier];
  if (huge) {
    pages.resize(ranges::kPagesPerChunk);
    for (std::size_t i = 0; i < pages.size(); ++i) pages[i] = static_cast<std::uint16_t>(i);
  } else {
    pages.insert(std::lower_bound(pages.begin(), pages.end(), page), page);
  }
}

}  // namespace

Remedy RemedyOf(unsigned status) {
  switch (status) {
    case HYPERPLACE_OK:
    case HYPERPLACE_NOT_TRIED:
      return Remedy::kNone;
    case HYPERPLACE_NO_PROCESS:
      return Remedy::kForget;
    case HYPERPLACE_NOT_PRESENT:
    case HYPERPLACE_ALREADY:
    case HYPERPLACE_WRONG_NODE:
    case HYPERPLACE_CHANGED:
      return Remedy::kLookAgain;
    case HYPERPLACE_UNSUPPORTED:
    case HYPERPLACE_NOT_ANON:
    case HYPERPLACE_KSM:
    case HYPERPLACE_SWAP_CACHE:
    case HYPERPLACE_MLOCKED:
    case HYPERPLACE_SIZE:
    case HYPERPLACE_WRITEBACK:
    case HYPERPLACE_NOTIFIED:
      return Remedy::kMovePages;
    default:
      return Remedy::kDefer;
  }
}

Bytes Exchanger::Add(Chunk& hot, Chunk& cold, Bytes amount) {
  const Pairs taken = TakePairs(hot.layout, cold.layout, amount);
  if (taken.kind == PairKind::kMixed) {
    LeaveOver(hot, cold, amount);
    return amount;
  }
  const bool huge = taken.kind == PairKind::kHuge;
  if ((info_.features & (huge ? HYPERPLACE_EXCHANGE_HUGE : HYPERPLACE_EXCHANGE)) == 0) {
    for (const PagePair& pages : taken.pairs) {
      PutBack(hot.layout, TierId::kSmem, pages.hot, huge);
      PutBack(cold.layout, TierId::kFmem, pages.cold, huge);
    }
    LeaveOver(hot, cold, amount);
    return amount;
  }
  const std::size_t limit = huge ? std::min<std::size_t>(kMaxHugePairs, info_.max_pairs) : info_.max_pairs;
  for (const PagePair& pages : taken.pairs) {
    Add(huge ? huge_ : base_, limit, {&hot, &cold, pages}, huge ? HYPERPLACE_2M : HYPERPLACE_4K);
  }
  return huge ? ranges::kChunk : ranges::PagesToBytes(taken.pairs.size());
}

void Exchanger::Add(Batch& batch, std::size_t limit, const Entry& entry, hyperplace_page_size size) {
  // The second process may be a new one too.
  if (batch.pairs.size() >= limit || batch.processes.size() + 2 > std::max<std::size_t>(info_.max_processes, 2)) {
    Flush(batch);
  }
  hyperplace_pair pair = {};
  pair.address[0] = entry.hot->layout.AddressOf(entry.pages.hot);
  pair.address[1] = entry.cold->layout.AddressOf(entry.pages.cold);
  pair.process[0] = ProcessIndex(batch, *entry.hot->target);
  pair.process[1] = ProcessIndex(batch, *entry.cold->target);
  pair.node[0] = static_cast<std::uint16_t>(nodes_.smem());
  pair.node[1] = static_cast<std::uint16_t>(nodes_.fmem());
  pair.size = static_cast<std::uint8_t>(size);
  pair.status = HYPERPLACE_NOT_TRIED;
  batch.pairs.push_back(pair);
  batch.entries.push_back(entry);
}

std::uint16_t Exchanger::ProcessIndex(Batch& batch, const Target& target) {
  const auto same = [&target](const hyperplace_process& process) {
    return process.pid == target.pid && process.start_time == target.start_time;
  };
  const auto found = std::find_if(batch.processes.begin(), batch.processes.end(), same);
  const auto index = static_cast<std::uint16_t>(found - batch.processes.begin());
  if (found == batch.processes.end()) {
    batch.processes.push_back({.pid = target.pid, .status = 0, .start_time = target.start_time});
  }
  return index;
}

void Exchanger::Flush() {
  Flush(base_);
  Flush(huge_);
}

void Exchanger::Flush(Batch& batch) {
  if (batch.pairs.empty()) return;
  hyperplace_exchange call = {};
  call.processes = reinterpret_cast<std::uintptr_t>(batch.processes.data());
  call.pairs = reinterpret_cast<std::uintptr_t>(batch.pairs.data());
  call.nr_processes = static_cast<std::uint32_t>(batch.processes.size());
  call.nr_pairs = static_cast<std::uint32_t>(batch.pairs.size());
  ++stats_.batches;
  // A refused call leaves its pairs as they were: untried.
  broken_ = broken_ || !module_.Exchange(call).ok();
  stats_.flushes += call.flushes;
  stats_.drains += call.drains;
  for (std::size_t i = 0; i < batch.pairs.size(); ++i) Settle(batch.entries[i], batch.pairs[i]);
  batch = {};
}

void Exchanger::Settle(const Entry& entry, const hyperplace_pair& pair) {
  const bool huge = pair.size == HYPERPLACE_2M;
  const Bytes amount = huge ? ranges::kChunk : kPage;
  if (pair.status == HYPERPLACE_OK) {
    entry.hot->moved.fmem() += amount;
    entry.cold->moved.smem() += amount;
    stats_.exchanged += amount;
    return;
  }
  const std::size_t status = std::min<std::size_t>(pair.status, stats_.refused_exchanges.size() - 1);
  stats_.refused_exchanges[status] += ranges::BytesToPages(amount);
  // The other one could not help it.
  const bool hot_is_to_blame = pair.side == 0;
  const Remedy remedy = RemedyOf(pair.status);
  if (!hot_is_to_blame || remedy == Remedy::kMovePages) {
    PutBack(entry.hot->layout, TierId::kSmem, entry.pages.hot, huge);
  }
  if (hot_is_to_blame || remedy == Remedy::kMovePages) {
    PutBack(entry.cold->layout, TierId::kFmem, entry.pages.cold, huge);
  }
  Chunk& blamed = hot_is_to_blame ? *entry.hot : *entry.cold;
  if (remedy == Remedy::kDefer) blamed.defer = true;
  if (remedy == Remedy::kForget) chunks_.Lose(blamed);
  if (remedy == Remedy::kMovePages) LeaveOver(*entry.hot, *entry.cold, amount);
}

void Exchanger::LeaveOver(Chunk& hot, Chunk& cold, Bytes amount) {
  if (!leftovers_.empty() && leftovers_.back().hot == &hot && leftovers_.back().cold == &cold) {
    leftovers_.back().amount += amount;
  } else {
    leftovers_.push_back({&hot, &cold, amount});
  }
}

}  // namespace hypertier::agent
