// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

namespace hypertier::agent {

// How long bits are left alone between clearing and reading, so that about a fourth of them is set: then the rate is
// known best for what was looked at, and hotter memory can still be told from it.
class Window {
 public:
  static constexpr std::chrono::nanoseconds kLeast = std::chrono::milliseconds(2);
  static constexpr std::chrono::nanoseconds kMost = std::chrono::seconds(2);

  explicit Window(std::chrono::nanoseconds length) : length_(length) {}

  std::chrono::nanoseconds length() const { return length_; }

  // `share` of the bits was set in the last one.
  void Learn(double share) {
    if (share > kMostShare) length_ = std::max(length_ / 2, kLeast);
    if (share < kLeastShare) length_ = std::min(length_ * 2, kMost);
  }

 private:
  // So far apart that halving what is above one does not end below the other.
  static constexpr double kMostShare = 0.4;
  static constexpr double kLeastShare = 0.125;

  std::chrono::nanoseconds length_;
};

}  // namespace hypertier::agent
