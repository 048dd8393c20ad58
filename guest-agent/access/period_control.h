// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace hypertier::agent {

// Chooses the sample period so that sampling costs what it may. Pure.
//
// The period is base * 2^level. Once a second the cost is compared with the budget. Above it the level rises at once,
// as far as needed, but by a factor of 8 (16 when the kernel throttled) at most, since the measured time of a guest
// that its host keeps waiting is not all its own. It falls by one after three seconds in a row in which twice the
// records would have taken less than four fifths of the budget, so that it is not taken back by the next second that is
// a little busier.
class PeriodControl {
 public:
  static constexpr int kLeastLevel = -2;
  static constexpr int kMostLevel = 12;

  explicit PeriodControl(double share) : share_(share) {}

  // The level changes by as much as the budget does, at once. True: it has changed.
  bool SetBudget(double share_of_cpu);

  // CPU time: what grows with the number of records, and what does not.
  struct Cost {
    std::chrono::nanoseconds fixed{0};
    std::chrono::nanoseconds records{0};
  };

  // `spent` in the last `elapsed`; `throttled`: the kernel found it too much. True: the level has changed.
  bool Update(std::chrono::nanoseconds elapsed, Cost spent, bool throttled);

  int level() const { return level_; }

  // Odd for an odd base: a period that shares a factor with the length of a loop samples the same place of it for ever.
  std::uint64_t Period(std::uint64_t base) const { return level_ >= 0 ? (base << level_) | 1 : (base >> -level_) | 1; }

 private:
  static constexpr double kFull = 0.8;
  static constexpr double kWorthwhile = 0.1;
  static constexpr int kPatience = 3;
  static constexpr int kMostSteps = 3;

  double share_;
  int level_ = 0;
  int quiet_ = 0;
};

}  // namespace hypertier::agent
