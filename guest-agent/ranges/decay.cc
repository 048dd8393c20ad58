// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/decay.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace hypertier::ranges {

double Decay::Scale() const {
  return std::exp2(HalfLives(epoch_, now_));
}

double Decay::Coverage(Time since) const {
  return std::clamp(1.0 - std::exp2(-std::max(0.0, HalfLives(since, now_))), 1.0 / 16, 1.0);
}

double Decay::PerSecond(Time since) const {
  return std::numbers::ln2 / half_life_.count() / Scale() / Coverage(since);
}

int Decay::Renormalize() {
  const double exponent = HalfLives(epoch_, now_);
  if (exponent < kRenormalize) return 0;
  const double whole = std::floor(exponent);
  epoch_ += std::chrono::duration_cast<Time::duration>(half_life_ * whole);
  return static_cast<int>(whole);
}

}  // namespace hypertier::ranges
