// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// Exponential decay without touching what decays. A sum of weights w at times t, each halved every half-life h, is
//
//   sum(w * 2^-((now - t) / h))  =  sum(w * 2^((t - epoch) / h)) / 2^((now - epoch) / h)
//
// so each weight is scaled up once, when it is added, and a sum is scaled down once, when it is read; nothing is done
// in between, and neither the rate of calls nor that of samples changes the result. From time to time the epoch moves
// on by whole half-lives, and all sums are multiplied by a power of two, which loses no bit.
//
// While no sample comes at all, time stops after kQuiet: a system that was suspended or idle still knows what was hot
// before, and how well it knew it.
class Decay {
 public:
  // Longer than the time between two polls of any source.
  static constexpr Seconds kQuiet{4.0};
  // Half-lives after which the epoch moves: 2^128 times a sum of weights, squared, is far from a double's end.
  static constexpr double kRenormalize = 64;

  explicit Decay(Seconds half_life) : half_life_(half_life) {}

  // Moves time on; a time before the last one counts as the last one. Returns by how many half-lives the epoch has
  // moved: all scaled sums are to be multiplied by 2^-n.
  int Advance(Time now);

  // A sample has come now.
  void Sampled() { last_sample_ = now_; }

  // Without the quiet times.
  Time now() const { return now_; }
  // With them: the latest time that was passed in.
  Time clock() const { return clock_; }

  // 2^((now - epoch) / half-life): what weights are multiplied with.
  double Scale() const { return scale_; }

  // The time that an observation from `since` to now is worth, as old parts of it count less: at most h / ln 2 seconds.
  // A decayed sum divided by it is the rate a second, whatever the age of the observation. At least 50 ms, so that the
  // first sample of something new is no rate.
  double Observed(Time since) const;

  // Mean of the decayed weights of equal samples from `since` to now, against one from now, each weighed by itself: the
  // sum of the squares divided by the sum. From 1 for a short observation to 1/2.
  double MeanWeight(Time since) const;

 private:
  double HalfLives(Time from, Time to) const { return Seconds(to - from) / half_life_; }

  Seconds half_life_;
  bool started_ = false;
  Time epoch_{};
  Time now_{};
  Time clock_{};
  Time last_sample_{};
  double scale_ = 1;
};

}  // namespace hypertier::ranges
