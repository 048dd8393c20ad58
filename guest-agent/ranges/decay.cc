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
    epoch_ = last_sample_ = now_ = now;
  }
  now_ = std::max(now_, now);
  if (const double quiet = HalfLives(last_sample_, now_); quiet > kQuiet) {
    const auto skip = std::chrono::duration_cast<Time::duration>(half_life_ * (quiet - kQuiet));
    epoch_ += skip;
    last_sample_ += skip;
  }
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
