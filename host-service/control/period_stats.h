// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>

#include "absl/time/time.h"
#include "common/duration_histogram.h"

namespace hypertier::control {

// How the planning periods go. Thread-safe without a lock.
class PeriodStats {
 public:
  // One that began `lag` later than due and took `duration`.
  void Ended(absl::Duration lag, absl::Duration duration) {
    lag_.store(absl::ToDoubleSeconds(lag), std::memory_order_relaxed);
    durations_.Observe(absl::ToChronoNanoseconds(duration));
  }

  // Of the last one.
  double lag_seconds() const { return lag_.load(std::memory_order_relaxed); }
  const DurationHistogram& durations() const { return durations_; }

 private:
  std::atomic<double> lag_{0};
  DurationHistogram durations_;
};

}  // namespace hypertier::control
