// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace hypertier::agent {

// Keeps what the host does from filling the guest's log: one line in ten seconds.
class LogLimit {
 public:
  static constexpr std::chrono::seconds kInterval{10};

  // Whether to log now.
  bool Allow(std::chrono::steady_clock::time_point now) {
    ++count_;
    if (now < next_) return false;
    next_ = now + kInterval;
    return true;
  }

  // Occurrences so far, logged or not.
  std::uint64_t count() const { return count_; }

 private:
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::time_point::min();
  std::uint64_t count_ = 0;
};

}  // namespace hypertier::agent
