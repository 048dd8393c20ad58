// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>

#include "guest-agent/ranges/options.h"
#include "guest-agent/ranges/range.h"

namespace hypertier::ranges {

// Where to split one range: before which of its bins.
struct Cuts {
  std::array<unsigned, Range::kBins - 1> bins{};
  unsigned count = 0;
  // Share of the range's accesses that is in the wrong place without the cuts; looking closer: all that is at stake.
  double gain = 0;

  std::span<const unsigned> span() const { return std::span(bins).first(count); }
};

// Cuts out the run of bins that differs most from the others, if by `split_confidence` standard errors and with at
// least `min_gain` of the range's accesses to gain, then goes on with each part. What is called hot holds at least
// eight samples, below which a standard error says nothing.
Cuts FindCuts(const Range& range, const Options& options, double min_gain);

// Even cuts into parts of at least `look_closer_samples` and `min_share` of the range's accesses each, where nothing
// differs yet but could within the bins.
Cuts LookCloser(const Range& range, const Options& options, double min_share);

}  // namespace hypertier::ranges
