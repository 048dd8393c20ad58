// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "common/bytes.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// How much CPU time placement may use to find out what is hot: little while all is as it was, ten times as much while
// there is news, so that what programs do anew is placed within seconds. News is memory that came or went, a sixteenth
// of what there was, and pages that were moved, a 256th of FMEM: where some lay wrong, others may. Pure.
class Effort {
 public:
  // Of one CPU, in the long run.
  struct Shares {
    double sampling = 0;
    double planning = 0;
  };
  // With those of discovery and of the surveyor, 0.1 % each, the 0.5 % that placement may cost in the steady state.
  static constexpr Shares kSettled{0.002, 0.001};
  static constexpr Shares kLearning{0.02, 0.01};

  // From the last news on. Five rounds of splitting lead from 64 GiB to 2 MiB in 1.25 s; the rest is for samples of
  // what is not so hot, and to see whether anything is still moved.
  static constexpr std::chrono::seconds kPatience{10};

  // `resident`: memory of all programs; `moved`: bytes moved since the start; `fmem`: what programs may have of it.
  void Update(ranges::Time now, Bytes resident, Bytes moved, Bytes fmem);

  // Before the first Update() too.
  bool learning() const { return learning_; }
  const Shares& shares() const { return learning_ ? kLearning : kSettled; }

 private:
  bool learning_ = true;
  ranges::Time news_ = ranges::Time::min();
  // At the last news.
  Bytes resident_;
  Bytes moved_;
};

}  // namespace hypertier::agent
