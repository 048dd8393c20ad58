// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/options.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

namespace hypertier::ranges {
namespace {

absl::Status Within(std::string_view name, double value, double low, double high) {
  if (value >= low && value <= high) return absl::OkStatus();  // not so for NaN
  return absl::InvalidArgumentError(
      fmt::format("ranges: {} = {} is out of bounds; set it from {} to {}", name, value, low, high));
}

}  // namespace

absl::Status Validate(const Options& o) {
  const auto count = [](std::size_t n) { return static_cast<double>(n); };
  const struct {
    std::string_view name;
    double value, low, high;
  } bounds[] = {
      {"range_budget", count(o.range_budget), 16, 65536},
      {"half_life", o.half_life.count(), 0.01, 3600},
      {"adapt_interval", o.adapt_interval.count(), 0, 3600},
      {"young", o.young.count(), 0, 3600},
      {"split_confidence", o.split_confidence, 1, 100},
      {"merge_confidence", o.merge_confidence, 0, o.split_confidence},
      {"look_closer_samples", o.look_closer_samples, 1, 1e9},
      {"merge_samples", o.merge_samples, 0, o.look_closer_samples},
      {"move_confidence", o.move_confidence, 0, 100},
      {"min_advantage", o.min_advantage, 1, 1000},
      {"move_cost", o.move_cost, 0, 1e12},
      {"payback", o.payback.count(), 0.001, 1e9},
      {"promotion_gap", o.promotion_gap, 0, 100},
      {"max_exchanges", count(o.max_exchanges), 0, 1e6},
      {"max_promotions", count(o.max_promotions), 0, 1e6},
      {"max_demotions", count(o.max_demotions), 0, 1e6},
      {"max_surveys", count(o.max_surveys), 0, 1e6},
      {"survey_span", static_cast<double>(o.survey_span.count()), static_cast<double>(kChunk.count()), 1e12},
      {"survey_age", o.survey_age.count(), 0.001, 1e9},
      {"defer", o.defer.count(), 0, 1e9},
      {"max_deferred", count(o.max_deferred), 0, 1e6},
      {"max_processes", count(o.max_processes), 1, 65536},
      {"max_residency_blocks", count(o.max_residency_blocks), 1, 1e7},
  };
  for (const auto& bound : bounds) {
    if (absl::Status status = Within(bound.name, bound.value, bound.low, bound.high); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace hypertier::ranges
