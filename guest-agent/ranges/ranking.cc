// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/ranking.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace hypertier::ranges {
namespace {

// Densest first; equal ones in the order that they have, which is that of processes and addresses.
std::vector<Ranked> DensestFirst(const std::vector<Ranked>& in_order) {
  std::vector<std::pair<double, std::size_t>> keyed;
  keyed.reserve(in_order.size());
  for (const Ranked& ranked : in_order) keyed.emplace_back(-ranked.density, keyed.size());
  std::sort(keyed.begin(), keyed.end());
  std::vector<Ranked> sorted;
  sorted.reserve(in_order.size());
  for (const auto& [key, index] : keyed) sorted.push_back(in_order[index]);
  return sorted;
}

}  // namespace

double UsualSample(const RangeSet& ranges) {
  double counts = 0;
  double weighed = 0;
  ranges.ForEach([&](const Range& range) {
    const double count = Count(range);
    counts += count;
    weighed += count * SampleWeight(range, ranges.decay(), 0);
  });
  return counts > 0 ? weighed / counts : 0;
}

std::vector<Ranked> Rank(const RangeSet& ranges, const Options& options, double usual) {
  const Decay& decay = ranges.decay();
  // A range without a sample may have had one the moment before.
  const double missed = usual * decay.Scale();
  std::vector<Ranked> ranking;
  ranking.reserve(ranges.size());
  ranges.ForEach([&](const Range& range) {
    const double count = Count(range);
    const double per_second = 1 / decay.Scale() / decay.Observed(range.since);
    const double per_mib = per_second / (PlacedPages(range) / kPagesPerMib);
    const double below = options.move_confidence * std::sqrt(range.squares);
    const double above = options.move_confidence * std::sqrt(range.squares + missed * missed);
    ranking.push_back({.range = &range,
                       .rate = count * per_second,
                       .density = count * per_mib,
                       .lower = std::max(0.0, count - below) * per_mib,
                       .upper = (count + above) * per_mib,
                       .young = decay.now() - range.born < options.young});
  });
  return DensestFirst(ranking);
}

std::vector<CurvePoint> HotnessCurve(const std::vector<Ranked>& ranking) {
  constexpr double kSteps = kMaxCurvePoints - 1;
  double total = 0;
  for (const Ranked& ranked : ranking) total += ranked.resident_rate();
  std::vector<CurvePoint> curve;
  if (!(total > 0)) return curve;
  double rate = 0;
  double pages = 0;
  double next = 1 / kSteps;
  for (const Ranked& ranked : ranking) {
    rate += ranked.resident_rate();
    pages += ranked.resident();
    const double share = std::min(1.0, rate / total);
    if (share < next || ranked.resident() == 0) continue;
    curve.push_back({PagesToBytes(static_cast<std::uint64_t>(pages)), share});
    next = (std::floor(share * kSteps) + 1) / kSteps;
  }
  const CurvePoint last{PagesToBytes(static_cast<std::uint64_t>(pages)), 1.0};
  if (curve.size() == kMaxCurvePoints || (!curve.empty() && curve.back().fmem == last.fmem)) curve.pop_back();
  curve.push_back(last);
  return curve;
}

std::optional<double> HitRatio(const std::vector<Ranked>& ranking) {
  double total = 0;
  double fast = 0;
  for (const Ranked& ranked : ranking) {
    if (ranked.resident() == 0) continue;
    total += ranked.resident_rate();
    fast += ranked.resident_rate() * (ranked.range->pages.fmem() / ranked.resident());
  }
  if (!(total > 0)) return std::nullopt;
  return std::min(1.0, fast / total);
}

}  // namespace hypertier::ranges
