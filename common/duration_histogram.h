// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hypertier {

// How long something takes, in buckets. Thread-safe without a lock: a reader may see a duration in one figure and not
// yet in another.
class DurationHistogram {
 public:
  // Upper bounds in seconds, each about three times the one before: what hypertierd waits for is between a cache miss
  // and a call that is given up.
  static constexpr std::array<double, 12> kBounds = {0.00003, 0.0001, 0.0003, 0.001, 0.003, 0.01,
                                                     0.03,    0.1,    0.3,    1,     3,     10};

  void Observe(std::chrono::nanoseconds duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    std::size_t bucket = 0;
    while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
    counts_[bucket].fetch_add(1, std::memory_order_relaxed);
    nanoseconds_.fetch_add(static_cast<std::uint64_t>(duration.count()), std::memory_order_relaxed);
  }

  // Of bucket kBounds.size(): those that took longer than the last bound.
  std::uint64_t count(std::size_t bucket) const { return counts_[bucket].load(std::memory_order_relaxed); }
  double seconds() const { return static_cast<double>(nanoseconds_.load(std::memory_order_relaxed)) / 1e9; }

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> counts_{};
  std::atomic<std::uint64_t> nanoseconds_{0};
};

}  // namespace hypertier
