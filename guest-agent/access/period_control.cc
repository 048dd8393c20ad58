// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/period_control.h"

namespace hypertier::agent {

bool PeriodControl::Update(std::chrono::nanoseconds elapsed, std::chrono::nanoseconds spent, bool throttled) {
  const int before = level_;
  double used = elapsed.count() > 0 ? static_cast<double>(spent.count()) / static_cast<double>(elapsed.count()) : 0;
  if (throttled || used > share_) {
    quiet_ = 0;
    if (throttled && level_ < kMostLevel) {
      ++level_;
      used /= 2;
    }
    for (int steps = 0; used > share_ && level_ < kMostLevel && steps < kMostSteps; used /= 2, ++steps) ++level_;
  } else if (used > share_ * kUnused) {
    quiet_ = 0;
  } else if (++quiet_ >= kPatience) {
    quiet_ = 0;
    if (level_ > kLeastLevel) --level_;
  }
  return level_ != before;
}

}  // namespace hypertier::agent
