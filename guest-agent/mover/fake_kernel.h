// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <vector>

#include "guest-agent/hyperplace/device.h"
#include "guest-agent/mover/migrate.h"

namespace hypertier::agent {

// Where the memory of the tests' processes begins.
inline constexpr ranges::Address kBase = 0x7f0000000000;

// Pages of processes on nodes 0 (FMEM) and 1 (SMEM), and both ways to move them. Tests set what is refused.
class FakeKernel final : public Hyperplace, public Migrator {
 public:
  using Page = std::pair<pid_t, ranges::Address>;
  static constexpr std::uint64_t kPageSize = 4096;

  // A chunk of small pages, or one huge page.
  void Fill(pid_t pid, ranges::Address chunk, int node, std::size_t count = ranges::kPagesPerChunk, bool huge = false) {
    for (std::size_t i = 0; i < count; ++i) nodes[{pid, chunk + i * kPageSize}] = node;
    if (huge) huge_chunks.insert({pid, chunk});
  }
  std::size_t CountOn(pid_t pid, ranges::Address chunk, int node) const {
    std::size_t count = 0;
    for (std::size_t i = 0; i < ranges::kPagesPerChunk; ++i) {
      const auto found = nodes.find({pid, chunk + i * kPageSize});
      count += found != nodes.end() && found->second == node;
    }
    return count;
  }

  absl::StatusOr<Info> GetInfo() override {
    ++info_calls;
    if (!loaded) return absl::NotFoundError("the module is not loaded");
    return Info{features, HYPERPLACE_MAX_PAIRS, HYPERPLACE_MAX_PROCESSES, HYPERPLACE_MAX_CHUNKS};
  }

  absl::Status Scan(hyperplace_scan& scan) override {
    ++scans;
    if (!loaded) return absl::NotFoundError("the module is not loaded");
    if (gone.contains(scan.process.pid)) return absl::NotFoundError("no such process");
    auto* chunks = reinterpret_cast<hyperplace_chunk*>(scan.chunks);
    scan.nr_chunks = 0;
    scan.next = scan.start;
    while (scan.next < scan.end && scan.nr_chunks < std::min(scan.max_chunks, chunks_a_scan)) {
      const ranges::Address end = std::min<std::uint64_t>(ranges::ChunkDown(scan.next) + (2 << 20), scan.end);
      hyperplace_chunk chunk = {};
      chunk.address = ranges::ChunkDown(scan.next);
      for (ranges::Address page = scan.next; page < end; page += kPageSize) {
        const auto found = nodes.find({scan.process.pid, page});
        if (found == nodes.end()) continue;
        ++(found->second == 0 ? chunk.fmem : found->second == 1 ? chunk.smem : chunk.other);
      }
      chunk.huge = huge_chunks.contains({scan.process.pid, chunk.address});
      if (chunk.fmem + chunk.smem + chunk.other > 0) chunks[scan.nr_chunks++] = chunk;
      scan.next = end;
    }
    return absl::OkStatus();
  }

  absl::Status Exchange(hyperplace_exchange& call) override {
    ++exchange_calls;
    if (exchange_fails) return absl::PermissionDeniedError("refused");
    auto* pairs = reinterpret_cast<hyperplace_pair*>(call.pairs);
    const auto* processes = reinterpret_cast<const hyperplace_process*>(call.processes);
    largest_batch = std::max<std::size_t>(largest_batch, call.nr_pairs);
    call.flushes = 1;
    for (std::uint32_t i = 0; i < call.nr_pairs; ++i) Exchange(pairs[i], processes, call.nr_processes);
    return absl::OkStatus();
  }

  MoveResult Query(pid_t pid, std::span<const ranges::Address> pages, std::span<int> answer) override {
    ++queries;
    if (gone.contains(pid)) return MoveResult::kNoProcess;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      const auto found = nodes.find({pid, pages[i]});
      answer[i] = found == nodes.end() ? kNoNode : found->second;
    }
    return MoveResult::kOk;
  }

  MoveResult Move(pid_t pid, std::span<const ranges::Address> pages, int node, std::span<MoveResult> results) override {
    ++moves;
    if (gone.contains(pid)) return MoveResult::kNoProcess;
    std::fill(results.begin(), results.end(), MoveResult::kNotTried);
    for (std::size_t i = 0; i < pages.size(); ++i) {
      const Page page{pid, pages[i]};
      if (const auto refused = refused_moves.find(page); refused != refused_moves.end()) {
        results[i] = refused->second;
        continue;
      }
      const ranges::Address chunk = ranges::ChunkDown(pages[i]);
      if (nodes.at(page) == node) {
        results[i] = huge_chunks.contains({pid, chunk}) ? MoveResult::kBusy : MoveResult::kOk;
        continue;
      }
      const bool huge = huge_chunks.contains({pid, chunk});
      const std::size_t need = huge ? ranges::kPagesPerChunk : 1;
      if (node == 0 && need > fmem_free) {
        results[i] = MoveResult::kNoMemory;
        break;
      }
      if (node == 0) fmem_free -= need;
      if (node == 1) fmem_free += need;
      if (huge) {
        Fill(pid, chunk, node);
      } else {
        nodes[page] = node;
      }
      results[i] = MoveResult::kOk;
    }
    return MoveResult::kOk;
  }

  std::map<Page, int> nodes;
  std::set<Page> huge_chunks;
  std::set<pid_t> gone;
  std::map<Page, MoveResult> refused_moves;
  std::map<Page, std::uint8_t> refused_exchanges;
  std::size_t fmem_free = 0;
  bool loaded = true;
  bool exchange_fails = false;
  std::uint32_t features = HYPERPLACE_EXCHANGE | HYPERPLACE_EXCHANGE_HUGE | HYPERPLACE_SCAN;
  std::uint32_t chunks_a_scan = HYPERPLACE_MAX_CHUNKS;

  std::size_t info_calls = 0;
  std::size_t scans = 0;
  std::size_t exchange_calls = 0;
  std::size_t largest_batch = 0;
  std::size_t queries = 0;
  std::size_t moves = 0;

 private:
  void Exchange(hyperplace_pair& pair, const hyperplace_process* processes, std::uint32_t count) {
    ASSERT_LT(pair.process[0], count);
    ASSERT_LT(pair.process[1], count);
    const std::size_t pages = pair.size == HYPERPLACE_2M ? ranges::kPagesPerChunk : 1;
    for (std::uint8_t side : {std::uint8_t{0}, std::uint8_t{1}}) {
      const Page page{processes[pair.process[side]].pid, pair.address[side]};
      pair.side = side;
      if (gone.contains(page.first)) {
        pair.status = HYPERPLACE_NO_PROCESS;
        return;
      }
      if (const auto refused = refused_exchanges.find(page); refused != refused_exchanges.end()) {
        pair.status = refused->second;
        return;
      }
      ASSERT_EQ(nodes.at(page), pair.node[side]);
      ASSERT_EQ(huge_chunks.contains({page.first, ranges::ChunkDown(page.second)}), pair.size == HYPERPLACE_2M);
    }
    for (std::size_t i = 0; i < pages; ++i) {
      std::swap(nodes[{processes[pair.process[0]].pid, pair.address[0] + i * kPageSize}],
                nodes[{processes[pair.process[1]].pid, pair.address[1] + i * kPageSize}]);
    }
    pair.status = HYPERPLACE_OK;
  }
};

}  // namespace hypertier::agent
