// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/period_control.h"

#include <algorithm>
#include <cmath>

namespace hypertier::agent {

bool PeriodControl::SetBudget(double share_of_cpu) {
  const int before = level_;
  const double ratio = share_of_cpu > 0 && share_ > 0 ? share_ / share_of_cpu : 1;
  level_ = std::clamp(level_ + static_cast<int>(std::lround(std::log2(ratio))), kLeastLevel, kMostLevel);
  share_ = share_of_cpu;
  quiet_ = 0;
  return level_ != before;
}

bool PeriodControl::Update(std::chrono::nanoseconds elapsed, Cost spent, bool throttled) {
  if (elapsed.count() <= 0) return false;
  const int before = level_;
  const auto share = [&](std::chrono::nanoseconds cost) {
    return static_cast<double>(cost.count()) / static_cast<double>(elapsed.count());
  };
  const double fixed = share(spent.fixed);
  double records = share(spent.records);
  if (throttled || fixed + records > share_) {
    quiet_ = 0;
    if (throttled && level_ < kMostLevel) {
      ++level_;
      records /= 2;
    }
    // Fewer records do not help against what does not come from them.
    for (int steps = 0;
         fixed + records > share_ && records > share_ * kWorthwhile && steps < kMostSteps && level_ < kMostLevel;
         records /= 2, ++steps) {
      ++level_;
    }
  } else if (fixed + 2 * records > share_ * kFull) {
    quiet_ = 0;
  } else if (++quiet_ >= kPatience) {
    quiet_ = 0;
    if (level_ > kLeastLevel) --level_;
  }
  return level_ != before;
}

}  // namespace hypertier::agent
