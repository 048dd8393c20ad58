// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_LAB_WORKLOADS_RANDOM_H_
#define TESTS_LAB_WORKLOADS_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace lab {

// splitmix64's finaliser: spreads any number over 64 bits.
constexpr uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// xorshift64*: few instructions, since emulated time is precious. Seeded by piece of work, never by thread: which
// thread does what then changes nothing in the result.
class Random {
 public:
  Random(uint64_t seed, uint64_t piece) : state_(Mix(seed * 0x100000001b3 + piece) | 1) {}

  uint64_t Next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return state_ * 0x2545f4914f6cdd1d;
  }

  // In [0, bound); bound below 2^32.
  uint64_t Below(uint64_t bound) { return ((Next() >> 32) * bound) >> 32; }

  // In [0, 1).
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

// Draws rank k of [0, count) with probability in proportion to (k + 1)^-exponent, in constant time and two loads:
// Vose's alias method. Eight bytes a rank, so let the ranks be blocks rather than words.
class Zipf {
 public:
  Zipf(uint32_t count, double exponent) : slots_(count) {
    std::vector<double> share(count);
    double sum = 0;
    for (uint32_t k = 0; k < count; k++) sum += share[k] = std::pow(k + 1.0, -exponent);
    std::vector<uint32_t> small, large;
    for (uint32_t k = 0; k < count; k++) {
      share[k] *= count / sum;
      (share[k] < 1 ? small : large).push_back(k);
    }
    while (!small.empty() && !large.empty()) {
      const uint32_t poor = small.back(), rich = large.back();
      small.pop_back();
      slots_[poor] = {Scale(share[poor]), rich};
      share[rich] -= 1 - share[poor];
      if (share[rich] < 1) {
        large.pop_back();
        small.push_back(rich);
      }
    }
    for (const auto* rest : {&small, &large}) {
      for (const uint32_t k : *rest) slots_[k] = {UINT32_MAX, k};
    }
  }

  uint32_t Draw(Random& random) const {
    const uint64_t bits = random.Next();
    const auto column = static_cast<uint32_t>(((bits >> 32) * slots_.size()) >> 32);
    return static_cast<uint32_t>(bits) <= slots_[column].keep ? column : slots_[column].alias;
  }

 private:
  struct Slot {
    uint32_t keep;  // probability of staying, over 2^32
    uint32_t alias;
  };
  static uint32_t Scale(double share) { return static_cast<uint32_t>(share * 0xffffffffp0); }

  std::vector<Slot> slots_;
};

// 0 .. count-1 in an order that only the seed decides.
inline std::vector<uint32_t> Shuffled(uint32_t count, uint64_t seed) {
  std::vector<uint32_t> order(count);
  for (uint32_t i = 0; i < count; i++) order[i] = i;
  Random random(seed, 0x5487ff1e);
  for (uint32_t i = count; i > 1; i--) std::swap(order[i - 1], order[random.Below(i)]);
  return order;
}

}  // namespace lab

#endif  // TESTS_LAB_WORKLOADS_RANDOM_H_
