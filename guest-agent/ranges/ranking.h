// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "guest-agent/ranges/options.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/ranges/range_set.h"

namespace hypertier::ranges {

// One range's place among all.
struct Ranked {
  const Range* range = nullptr;
  // Accesses a second.
  double rate = 0;
  // Accesses per MiB and second: the estimate, and what it is at least and at most, with move_confidence.
  double density = 0;
  double lower = 0;
  double upper = 0;
  // Held back.
  bool young = false;

  double resident() const { return static_cast<double>(range->pages.fmem()) + range->pages.smem(); }
  // Accesses a second to the resident pages, not to those never surveyed.
  double resident_rate() const { return rate * (resident() / PlacedPages(*range)); }
};

// All ranges of all processes, densest first; the order is total. `usual` is the usual weight of a sample.
std::vector<Ranked> Rank(const RangeSet& ranges, const Options& options, double usual);

// The usual weight of a sample; 0 without any.
double UsualSample(const RangeSet& ranges);

// The hotness curve of ranges in this order: at most kMaxCurvePoints, one at each 15th of the accesses, where a range
// ends.
std::vector<CurvePoint> HotnessCurve(const std::vector<Ranked>& ranking);

// Share of the accesses that go to FMEM, each range's pages taken to be equally hot.
std::optional<double> HitRatio(const std::vector<Ranked>& ranking);

}  // namespace hypertier::ranges
