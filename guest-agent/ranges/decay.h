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
// While no sample comes at all, time stops after kQuiet half-lives: a system that was suspended or idle for an hour
// still knows what was hot before.
class Decay {
 public:
  static constexpr double kQuiet = 64;
  // Exponents that make Renormalize move the epoch: 2^128 times a sum of weights, squared, is far from a double's end.
  static constexpr double kRenormalize = 64;

  explicit Decay(Seconds half_life) : half_life_(half_life) {}

  // Moves time on; a time before the last one counts as the last one.
  void Advance(Time now) {
    if (!started_) {
      started_ = true;
      epoch_ = last_sample_ = now_ = now;
    }
    if (now > now_) now_ = now;
    const double quiet = HalfLives(last_sample_, now_);
    if (quiet > kQuiet) {
      const auto skip = std::chrono::duration_cast<Time::duration>(half_life_ * (quiet - kQuiet));
      epoch_ += skip;
      last_sample_ += skip;
    }
  }

  // A sample has come now.
  void Sampled() { last_sample_ = now_; }

  Time now() const { return now_; }

  // 2^((now - epoch) / half-life): what weights are multiplied with.
  double Scale() const;

  // What turns a scaled sum into a rate a second. A steady rate r gives sums of r * h / ln 2, once observed for ever;
  // a shorter observation has seen the share Coverage() of that.
  double PerSecond(Time since) const;

  // How much of an endless observation one from `since` to now is, from 1/16 to 1.
  double Coverage(Time since) const;

  // Number of half-lives by which the epoch has moved: all scaled sums are to be multiplied by 2^-n. 0: nothing to do.
  int Renormalize();

 private:
  double HalfLives(Time from, Time to) const { return Seconds(to - from) / half_life_; }

  Seconds half_life_;
  bool started_ = false;
  Time epoch_{};
  Time now_{};
  Time last_sample_{};
};

}  // namespace hypertier::ranges
