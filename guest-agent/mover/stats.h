// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "common/bytes.h"
#include "guest-agent/mover/migrate.h"
#include "guest-kmod/hyperplace/hyperplace_uapi.h"

namespace hypertier::agent {

// Counters since the start.
struct MoverStats {
  // Memory that came into FMEM and as much that left it, page for page (counted once), by the module and without.
  Bytes exchanged;
  Bytes promoted;
  Bytes demoted;
  // 4 KiB pages that were refused: pairs of an exchange by hyperplace_status (one that this agent does not know
  // counts as the last), pages by MoveResult.
  std::array<std::uint64_t, HYPERPLACE_CHANGED + 2> refused_exchanges{};
  std::array<std::uint64_t, static_cast<std::size_t>(MoveResult::kCount)> refused_moves{};
  // Calls of the module, and TLB flushes and drains of per-CPU lists that they took; calls of move_pages(2) to move.
  std::uint64_t batches = 0;
  std::uint64_t flushes = 0;
  std::uint64_t drains = 0;
  std::uint64_t migrations = 0;
  // Calls that left exchanges and promotions for later since programs wait for memory.
  std::uint64_t paused = 0;
  // Calls that left something for later since the rate, or the share of CPU, was used up.
  std::uint64_t held_back = 0;
  std::chrono::nanoseconds cpu{0};

  std::uint64_t refused_pages() const {
    const auto sum = [](const auto& counts) { return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0}); };
    return sum(refused_exchanges) + sum(refused_moves);
  }
};

}  // namespace hypertier::agent
