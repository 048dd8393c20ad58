// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/chunks.h"

#include <algorithm>
#include <array>

namespace hypertier::agent {
namespace {

using ranges::Address;
using ranges::ChunkDown;

TierId Other(TierId tier) {
  return tier == TierId::kFmem ? TierId::kSmem : TierId::kFmem;
}

std::uint64_t& CountOf(MoverStats& stats, MoveResult result) {
  return stats.refused_moves[static_cast<std::size_t>(result)];
}

}  // namespace

Chunks::~Chunks() {
  for (const auto& [key, chunk] : chunks_) {
    for (const TierId tier : kTiers) {
      if (chunk.moved[tier] > Bytes()) classifier_.Moved(key.first, key.second, tier, chunk.moved[tier]);
    }
    if (chunk.defer) classifier_.Defer(now_, key.first, chunk.part.address);
  }
}

void Chunks::Lose(Chunk& chunk) {
  gone_.push_back(chunk.target->pid);
  for (auto& [key, other] : chunks_) {
    if (key.first == chunk.part.process) other.defer = true;
  }
}

void Chunks::CallFailed(Chunk& chunk, MoveResult result) {
  ++CountOf(stats_, result);
  chunk.defer = true;
  if (result == MoveResult::kNoProcess) Lose(chunk);
}

Chunk* Chunks::Find(const ranges::ChunkPart& part, TierId from, Bytes amount) {
  const auto [entry, is_new] = chunks_.try_emplace({part.process, ChunkDown(part.address)});
  Chunk& chunk = entry->second;
  if (is_new) {
    chunk.target = targets_.Find(part.process);
    chunk.part = part;
    // The classifier's plan bounds what is asked for; a part over the end of its chunk is none of the kernel's.
    const Address end = ChunkDown(part.address) + ranges::kChunk.count();
    chunk.part.length = std::min(part.length, Bytes(end - part.address));
    if (!Look(chunk)) chunk.defer = true;
    if (!chunk.defer && chunk.layout.size(from) < amount) {
      // Moved by somebody else, or given back: the plan was made of what is no longer so.
      const ranges::ChunkResidency truth{chunk.layout.chunk,
                                         {chunk.layout.size(TierId::kFmem), chunk.layout.size(TierId::kSmem)}};
      const Address start = chunk.layout.chunk;
      (void)classifier_.SetResidency(now_, part.process, {start, start + ranges::kChunk.count()}, {&truth, 1});
    }
  }
  if (chunk.defer || chunk.layout.pages[from].empty()) return nullptr;
  return &chunk;
}

bool Chunks::Look(Chunk& chunk) {
  if (chunk.target == nullptr || chunk.part.address % kPage.count() != 0) return false;
  chunk.layout.huge = IsHuge(chunk);
  const MoveResult result = Query(chunk);
  if (result != MoveResult::kOk) CallFailed(chunk, result);
  return result == MoveResult::kOk;
}

bool Chunks::IsHuge(const Chunk& chunk) {
  if (module_ == nullptr || chunk.part.length != ranges::kChunk) return false;
  hyperplace_chunk found = {};
  hyperplace_scan scan = {};
  scan.process = {.pid = chunk.target->pid, .status = 0, .start_time = chunk.target->start_time};
  scan.start = chunk.part.address;
  scan.end = chunk.part.address + ranges::kChunk.count();
  scan.chunks = reinterpret_cast<std::uintptr_t>(&found);
  scan.max_chunks = 1;
  scan.fmem_node = static_cast<std::uint16_t>(nodes_.fmem());
  scan.smem_node = static_cast<std::uint16_t>(nodes_.smem());
  return module_->Scan(scan).ok() && scan.nr_chunks == 1 && found.huge != 0;
}

MoveResult Chunks::Query(Chunk& chunk) {
  std::array<Address, ranges::kPagesPerChunk> pages;
  std::array<int, ranges::kPagesPerChunk> nodes;
  const std::size_t count = std::min<std::size_t>(ranges::BytesToPages(chunk.part.length), pages.size());
  for (std::size_t i = 0; i < count; ++i) pages[i] = chunk.part.address + ranges::PagesToBytes(i).count();
  const std::span<int> answer(nodes.data(), count);
  const MoveResult result = migrator_.Query(chunk.target->pid, {pages.data(), count}, answer);
  if (result == MoveResult::kOk) chunk.layout = MakeLayout(chunk.part.address, answer, nodes_, chunk.layout.huge);
  return result;
}

bool Chunks::Shift(Chunk& chunk, TierId to, Bytes amount, Bytes& moved) {
  moved = Bytes();
  std::vector<std::uint16_t>& source = chunk.layout.pages[Other(to)];
  const std::size_t whole = source.size();
  const std::size_t count = chunk.layout.huge ? whole : std::min<std::size_t>(whole, ranges::BytesToPages(amount));
  if (count == 0) return true;
  std::array<Address, ranges::kPagesPerChunk> pages;
  std::array<MoveResult, ranges::kPagesPerChunk> results;
  // One address moves a huge page.
  const std::size_t asked = chunk.layout.huge ? 1 : count;
  const std::vector<std::uint16_t> tried(source.begin(), source.begin() + static_cast<std::ptrdiff_t>(asked));
  for (std::size_t i = 0; i < asked; ++i) pages[i] = chunk.layout.AddressOf(tried[i]);
  ++stats_.migrations;
  const MoveResult result =
      migrator_.Move(chunk.target->pid, {pages.data(), asked}, nodes_[to], {results.data(), asked});
  if (result != MoveResult::kOk) {
    CallFailed(chunk, result);
    return result != MoveResult::kNoMemory;
  }

  const Bytes before = chunk.layout.size(to);
  const bool clean = std::all_of(results.begin(), results.begin() + static_cast<std::ptrdiff_t>(asked),
                                 [](MoveResult r) { return r == MoveResult::kOk; });
  if (clean && count == whole) {
    moved = ranges::PagesToBytes(whole);
    std::vector<std::uint16_t>& destination = chunk.layout.pages[to];
    destination.insert(destination.end(), source.begin(), source.end());
    std::sort(destination.begin(), destination.end());
    source.clear();
  } else if (Query(chunk) == MoveResult::kOk) {
    // A huge page that nobody knew of moves as a whole, whatever was asked, and makes some results look like failures.
    moved = chunk.layout.size(to) - before;
  }
  chunk.moved[to] += moved;

  bool room = true;
  for (std::size_t i = 0; i < asked && !clean; ++i) {
    const std::vector<std::uint16_t>& left = chunk.layout.pages[Other(to)];
    if (results[i] == MoveResult::kOk || !std::binary_search(left.begin(), left.end(), tried[i])) continue;
    CountOf(stats_, results[i]) += chunk.layout.huge ? ranges::kPagesPerChunk : 1;
    if (results[i] == MoveResult::kNoMemory) room = false;
    chunk.defer = chunk.defer || (results[i] != MoveResult::kNoMemory && results[i] != MoveResult::kNotTried);
  }
  return room;
}

}  // namespace hypertier::agent
