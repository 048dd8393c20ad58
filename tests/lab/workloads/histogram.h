// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_HISTOGRAM_H_
#define TESTS_LAB_WORKLOADS_HISTOGRAM_H_

#include <bit>
#include <cstdint>

namespace lab {

// Counts of durations in buckets of 1/16 octave: percentiles are right to 6 %, in little memory, so that counting
// disturbs no cache.
class Histogram {
 public:
  void Add(uint64_t value) { counts_[Bucket(value)]++; }

  void Add(const Histogram& other) {
    for (int i = 0; i < kBuckets; i++) counts_[i] += other.counts_[i];
  }

  // The upper edge of the bucket in which `share` of all values are at or below; 0 if there are none.
  uint64_t Percentile(double share) const {
    uint64_t all = 0, below = 0;
    for (const uint32_t count : counts_) all += count;
    for (int i = 0; i < kBuckets; i++) {
      below += counts_[i];
      if (below != 0 && static_cast<double>(below) >= share * static_cast<double>(all)) return Edge(i);
    }
    return 0;
  }

 private:
  static constexpr int kSteps = 16, kBuckets = 48 * kSteps;

  static int Bucket(uint64_t value) {
    if (value < kSteps) return static_cast<int>(value);
    const int shift = static_cast<int>(std::bit_width(value)) - 5;
    const int bucket = shift * kSteps + static_cast<int>(value >> shift);
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }

  static uint64_t Edge(int bucket) {
    if (bucket < 2 * kSteps) return static_cast<uint64_t>(bucket);
    const int shift = bucket / kSteps - 1;
    return (static_cast<uint64_t>(bucket % kSteps + kSteps + 1) << shift) - 1;
  }

  uint32_t counts_[kBuckets] = {};
};

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_HISTOGRAM_H_
