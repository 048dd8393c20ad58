// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/token_bucket.h"

#include <algorithm>

namespace hypertier::agent {

TokenBucket::TokenBucket(Bytes per_second, Bytes burst)
    : rate_(static_cast<double>(per_second.count())),
      burst_(static_cast<double>(burst.count())),
      level_(static_cast<double>(burst.count())) {}

void TokenBucket::SetRate(Bytes per_second, Bytes burst) {
  rate_ = static_cast<double>(per_second.count());
  burst_ = static_cast<double>(burst.count());
  level_ = std::min(level_, burst_);
}

void TokenBucket::Fill(Time now) {
  if (filled_ == Time::min()) filled_ = now;
  if (now <= filled_) return;
  level_ = std::min(burst_, level_ + rate_ * std::chrono::duration<double>(now - filled_).count());
  filled_ = now;
}

bool TokenBucket::HasAny(Time now) {
  Fill(now);
  return level_ > 0;
}

void TokenBucket::Take(Time now, Bytes amount) {
  Fill(now);
  level_ -= static_cast<double>(amount.count());
}

}  // namespace hypertier::agent
