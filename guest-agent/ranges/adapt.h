// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "guest-agent/ranges/options.h"
#include "guest-agent/ranges/range_set.h"

namespace hypertier::ranges {

// Ranges made and removed.
struct Adapted {
  // By cuts where densities differ.
  std::uint64_t split = 0;
  // By cuts to look closer.
  std::uint64_t looked = 0;
  std::uint64_t joined = 0;
  // Joined although they differ, to make room where it matters more.
  std::uint64_t sacrificed = 0;
};

// One round of fitting the ranges to what was counted:
//
// 1. Neighbours that are alike are joined: too few samples to tell them apart, or so little to lose by it that 16 times
//    the budget of such joins would misplace all accesses together once.
// 2. Ranges whose eighths differ are cut there, those with the most to gain first. Without room the cheapest
//    boundaries go, as long as two of them cost less than the cut gains: the budget goes to where it pays.
// 3. Of the rest, ranges with many samples are cut evenly to look closer, up to three quarters of the budget. Heat that
// is
//    scattered evenly over the eighths of a range cannot be seen from outside; it is found as deep as the samples
//    reach.
// `usual_sample` is the usual weight of a sample.
Adapted Adapt(RangeSet& ranges, const Options& options, double usual_sample);

}  // namespace hypertier::ranges
