// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "common/bytes.h"

namespace hypertier::agent {

// Limits a flow of bytes. The clock is passed in. What is taken may be more than there is: then nothing is left until
// the debt has flowed off, so that amounts only known afterwards are held to the rate as well. One thread.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Starts full.
  TokenBucket(Bytes per_second, Bytes burst);

  // From the next call on. A debt stays.
  void SetRate(Bytes per_second, Bytes burst);

  bool HasAny(Time now);
  void Take(Time now, Bytes amount);

 private:
  void Fill(Time now);

  double rate_;
  double burst_;
  double level_;
  // Unset until the first call.
  Time filled_ = Time::min();
};

}  // namespace hypertier::agent
