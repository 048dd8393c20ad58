// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "guest-agent/ranges/deferred.h"
#include "guest-agent/ranges/options.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/ranges/range_set.h"
#include "guest-agent/ranges/ranking.h"

namespace hypertier::ranges {

// What the tiers allow, in pages.
struct Rooms {
  std::uint64_t capacity = 0;
  // Pages to move out of FMEM, or that may move in: at most one of them is not 0.
  std::uint64_t demote = 0;
  std::uint64_t promote = 0;
};

// `resident_fmem` are the pages of FMEM that the ranges have; `demand` is what is to be vacated besides the watermark.
//
//   capacity  what the ranges may have: min(usable, resident + free) - watermark - demand. What they have counts once,
//             and what belongs to nobody here (the kernel, processes not watched) not at all.
//   demote    what free lacks of watermark + demand, as far as SMEM has room.
//   promote   what free has beyond watermark + demand + gap; the gap keeps promotion from causing demotion.
Rooms ComputeRooms(const TierCapacity& capacity, Bytes demand, std::uint64_t resident_fmem, const Options& options);

// The part of the plan that `ranking` alone gives: curve, hit ratio, residency.
Plan DescribeState(const std::vector<Ranked>& ranking);

// Fills in capacity, hot set and the lists of moves. One ranking over all processes decides:
//
// 1. demotions: from the coldest on, until there is room;
// 2. promotions: from the hottest on, while there is room and a page's accesses pay for its move;
// 3. exchanges: the hottest chunk in SMEM with the coldest in FMEM, as long as the first is hotter beyond doubt
//    (`lower` against `upper`, by min_advantage) and both moves are paid for. Hot chunks come in order of `lower`, cold
//    ones in order of `upper`, so the first pair that fails ends it. In the steady state the first pair fails.
//
// Young ranges take no part in 2 and 3, and come last in 1. `activity` is by how much accesses are now fewer than the
// ranking says (ChangeDetector): below 1, moves pay less.
void PlanMoves(const std::vector<Ranked>& ranking, const RangeSet& ranges, const Deferred& deferred,
               const TierCapacity& capacity, Bytes demand, const Options& options, double activity, Plan& plan);

}  // namespace hypertier::ranges
