// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/decay.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hypertier::ranges {
namespace {

constexpr double kLeastObserved = 0.05;

}  // namespace

int Decay::Advance(Time now) {
  if (!started_) {
    started_ = true;
    epoch_ = last_sample_ = now_ = clock_ = now;
  }
  const Time::duration passed = std::max(now, clock_) - clock_;
  clock_ += passed;
  now_ = std::min(now_ + passed, last_sample_ + std::chrono::duration_cast<Time::duration>(kQuiet));
  int moved = 0;
  if (const double exponent = HalfLives(epoch_, now_); exponent >= kRenormalize) {
    const double whole = std::floor(exponent);
    epoch_ += std::chrono::duration_cast<Time::duration>(half_life_ * whole);
    moved = static_cast<int>(whole);
  }
  scale_ = std::exp2(HalfLives(epoch_, now_));
  return moved;
}

double Decay::Observed(Time since) const {
  const double share = -std::expm1(-std::numbers::ln2 * std::max(0.0, HalfLives(since, now_)));
  return std::max(kLeastObserved, half_life_.count() / std::numbers::ln2 * share);
}

double Decay::MeanWeight(Time since) const {
  return (1 + std::exp2(-std::max(0.0, HalfLives(since, now_)))) / 2;
}

}  // namespace hypertier::ranges
