// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>

#include "host-service/channel/time.h"

namespace hypertier::channel {

// Grows by `rate` tokens a second up to `burst`, and is full at first.
class TokenBucket {
 public:
  TokenBucket(double rate, double burst) : rate_(rate), burst_(burst), level_(burst) {}

  void Refill(Time now) {
    if (now > refilled_ && refilled_ != Time()) {
      level_ = std::min(burst_, level_ + rate_ * std::chrono::duration<double>(now - refilled_).count());
    }
    refilled_ = std::max(refilled_, now);
  }

  double level() const { return level_; }
  double burst() const { return burst_; }
  void Take(double tokens) { level_ -= tokens; }

  // When there will be so many tokens, at most burst(), as of the last Refill().
  Time When(double tokens) const {
    if (level_ >= tokens) return refilled_;
    // A little late rather than a little early, which would be asked again.
    const std::chrono::duration<double> wait((tokens - level_) / rate_);
    return refilled_ + std::chrono::ceil<std::chrono::milliseconds>(wait);
  }

 private:
  double rate_;
  double burst_;
  double level_;
  Time refilled_;
};

}  // namespace hypertier::channel
