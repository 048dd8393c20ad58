// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "guest-agent/ranges/range_set.h"

namespace hypertier::ranges {

// Notices that a range's rate has changed, and forgets what was before. So the half-life may be long, which a steady
// workload needs to tell ranges apart that are sampled once a second, and yet a hot set that moves is followed at once.
//
// Each round compares the accesses x that came with those that were to be expected, e, by the likelihood ratio of a
// rate four times (a quarter of) the old one, summed up from where it was least (Page's CUSUM), in samples of weight w:
//
//   rise += (x * ln 4 - e * 3) / w        fall += (e * 3/4 - x * ln 4) / w        never below 0
//
// At 10 the range has changed (by chance once in e^10 = 22,000 rounds, 1.5 hours, at most), and its observation begins
// where the sum last was 0, which must be a second ago: programs go through their memory in shorter rounds. A range
// that goes silent is noticed after 10 / 0.75 = 14 samples that do not come, one that wakes up after 8 that do: in 1 s
// for a chunk with a hundred samples a second, 3 s for one with five. Changes by less than a factor of two are left to
// the half-life.
//
// A range of several chunks whose rate has risen is young again: it is not known yet which of them it is.
//
// All rates together may rise or fall (a program computes for a while, or is stopped) without any range having changed
// against the others. What is expected of a range follows them, as far as both the sum of the ranges' rates and the
// mean of what came lately say that there is more (or less) than usual.
class ChangeDetector {
 public:
  // To be called once a round. Returns how many ranges have changed.
  std::size_t Update(RangeSet& ranges, double usual_sample);

  // Accesses a second now, all together.
  double rate() const { return rate_; }
  // Against what the ranges' rates add up to: below 1 in quieter times. A mean over about a second.
  double activity() const { return activity_; }

 private:
  Time last_{};
  Time last_clock_{};
  bool started_ = false;
  // Mean of what came, in accesses a second, with a half-life of ten seconds.
  double usual_ = 0;
  double rate_ = 0;
  double activity_ = 1;
};

}  // namespace hypertier::ranges
