// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/planner.h"

#include <algorithm>
#include <utility>

#include "guest-agent/ranges/chunk_queue.h"

namespace hypertier::ranges {
namespace {

std::uint64_t Minus(std::uint64_t a, std::uint64_t b) {
  return a > b ? a - b : 0;
}

struct Keyed {
  double key;
  const Ranked* ranked;
};

// Appends those of `keyed` to `order`, smallest key first, equal ones in the order of the ranking.
void Append(std::vector<Keyed> keyed, std::vector<const Ranked*>& order) {
  std::sort(keyed.begin(), keyed.end(),
            [](const Keyed& a, const Keyed& b) { return a.key != b.key ? a.key < b.key : a.ranked < b.ranked; });
  order.reserve(order.size() + keyed.size());
  for (const Keyed& one : keyed) order.push_back(one.ranked);
}

// Those for sure hot first; no young ones, nor those that have nothing to rise.
std::vector<const Ranked*> HotOrder(const std::vector<Ranked>& ranking) {
  std::vector<Keyed> keyed;
  keyed.reserve(ranking.size());
  for (const Ranked& ranked : ranking) {
    if (!ranked.young && ranked.range->pages.smem() > 0) keyed.push_back({-ranked.lower, &ranked});
  }
  std::vector<const Ranked*> order;
  Append(std::move(keyed), order);
  return order;
}

// Those for sure cold first, young ones last; none that have nothing to fall.
std::vector<const Ranked*> ColdOrder(const std::vector<Ranked>& ranking) {
  std::vector<Keyed> known;
  std::vector<Keyed> young;
  known.reserve(ranking.size());
  for (const Ranked& ranked : ranking) {
    if (ranked.range->pages.fmem() > 0) (ranked.young ? young : known).push_back({ranked.upper, &ranked});
  }
  std::vector<const Ranked*> order;
  Append(std::move(known), order);
  Append(std::move(young), order);
  return order;
}

void Demote(ChunkQueue& cold, std::uint64_t pages, const Options& options, Plan& plan) {
  while (pages > 0 && !cold.empty() && plan.demotions.size() < options.max_demotions) {
    const auto amount = static_cast<std::uint32_t>(std::min<std::uint64_t>(cold.front().pages, pages));
    plan.demotions.push_back({cold.Part(), PagesToBytes(amount)});
    cold.Take(amount);
    pages -= amount;
  }
}

// Density, in accesses per MiB and second as the ranking has them, that pays for a move.
double LeastDensity(const Options& options, double activity) {
  return options.move_cost / options.payback.count() * kPagesPerMib / std::clamp(activity, 1e-9, 1.0);
}

void Promote(ChunkQueue& hot, std::uint64_t pages, const Options& options, double least, Plan& plan) {
  while (!hot.empty() && plan.promotions.size() < options.max_promotions) {
    // A chunk in part only would bring the end of the room nearer by a crumb in every plan.
    const std::uint32_t amount = hot.front().pages;
    if (amount > pages || !(hot.front().ranked->lower > least)) return;
    plan.promotions.push_back({hot.Part(), PagesToBytes(amount)});
    hot.Take(amount);
    pages -= amount;
  }
}

void Pair(ChunkQueue& hot, ChunkQueue& cold, const Options& options, double least, Plan& plan) {
  while (!hot.empty() && !cold.empty() && plan.exchanges.size() < options.max_exchanges) {
    const Ranked& rising = *hot.front().ranked;
    const Ranked& falling = *cold.front().ranked;
    if (falling.young || rising.lower < options.min_advantage * falling.upper) return;
    if (!(rising.lower - falling.upper > 2 * least)) return;
    const std::uint32_t amount = std::min(hot.front().pages, cold.front().pages);
    plan.exchanges.push_back({hot.Part(), cold.Part(), PagesToBytes(amount)});
    hot.Take(amount);
    cold.Take(amount);
  }
}

}  // namespace

Rooms ComputeRooms(const TierCapacity& capacity, Bytes demand, std::uint64_t resident_fmem, const Options& options) {
  const std::uint64_t free = BytesToPages(capacity.free.fmem());
  const std::uint64_t usable = BytesToPages(capacity.fmem_usable);
  const std::uint64_t watermark = BytesToPages(capacity.fmem_watermark);
  const std::uint64_t keep = watermark + BytesToPages(demand);
  const std::uint64_t gap = std::max<std::uint64_t>(
      kPagesPerChunk, static_cast<std::uint64_t>(options.promotion_gap * static_cast<double>(watermark)));
  return {.capacity = Minus(std::min(usable, resident_fmem + free), keep),
          .demote = std::min(Minus(keep, free), BytesToPages(capacity.free.smem())),
          .promote = Minus(free, keep + gap)};
}

Plan DescribeState(const std::vector<Ranked>& ranking) {
  Plan plan;
  plan.curve = HotnessCurve(ranking);
  plan.hit_ratio = HitRatio(ranking);
  for (const Ranked& ranked : ranking) {
    for (const TierId tier : kTiers) plan.resident[tier] += PagesToBytes(ranked.range->pages[tier]);
  }
  return plan;
}

void PlanMoves(const std::vector<Ranked>& ranking, const RangeSet& ranges, const Deferred& deferred,
               const TierCapacity& capacity, Bytes demand, const Options& options, double activity, Plan& plan) {
  const Rooms rooms = ComputeRooms(capacity, demand, BytesToPages(plan.resident.fmem()), options);
  plan.capacity = PagesToBytes(rooms.capacity);
  for (const Ranked& ranked : ranking) {
    if (!(ranked.density > 0) || plan.hot_set >= plan.capacity) break;
    if (ranked.resident() == 0) continue;
    const Bytes size = PagesToBytes(std::uint64_t{ranked.range->pages.fmem()} + ranked.range->pages.smem());
    plan.hot_set = std::min(plan.capacity, plan.hot_set + size);
    plan.cut_density = ranked.density;
  }

  ChunkQueue cold(TierId::kFmem, ColdOrder(ranking), ranges, deferred);
  ChunkQueue hot(TierId::kSmem, HotOrder(ranking), ranges, deferred);
  Demote(cold, rooms.demote, options, plan);
  const double least = LeastDensity(options, activity);
  Promote(hot, rooms.promote, options, least, plan);
  Pair(hot, cold, options, least, plan);
}

}  // namespace hypertier::ranges
