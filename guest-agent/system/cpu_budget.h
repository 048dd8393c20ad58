// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace hypertier::agent {

// CPU time of the calling thread so far, the kernel's work for it included.
std::chrono::nanoseconds ThreadCpuTime();

// Holds something that is done now and then to a share of one CPU. Credit grows with time; work may begin while there
// is credit, and is charged what it turned out to cost, so that work of unknown cost is held to the share as well: what
// took too long is followed by a longer pause. The clock is passed in. One thread.
class CpuBudget {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Starts with `burst` of credit and never has more. What is owed beyond `most_debt` is forgiven, so that one costly
  // piece of work delays the next by at most most_debt / share.
  CpuBudget(double share_of_cpu, std::chrono::nanoseconds burst, std::chrono::nanoseconds most_debt)
      : share_(share_of_cpu), burst_(burst), most_debt_(most_debt), credit_(burst) {}

  void SetShare(double share_of_cpu) { share_ = share_of_cpu; }
  double share() const { return share_; }

  // Whether work may begin, and what it may cost without running into debt.
  bool Ready(Time now);
  std::chrono::nanoseconds Credit(Time now);

  void Charge(Time now, std::chrono::nanoseconds cost);

  // When Ready() becomes true if nothing more is charged; a year from now with a share of 0.
  Time ReadyAt() const;

 private:
  void Grow(Time now);

  double share_;
  std::chrono::nanoseconds burst_;
  std::chrono::nanoseconds most_debt_;
  std::chrono::nanoseconds credit_;
  // Unset until the first call.
  Time grown_ = Time::min();
};

}  // namespace hypertier::agent
