// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/deferred.h"

#include <algorithm>

namespace hypertier::ranges {

void Deferred::Add(ProcessId process, Address chunk, Time until) {
  if (limit_ == 0) return;
  until_[{process, chunk}] = until;
  if (until_.size() <= limit_) return;
  until_.erase(
      std::min_element(until_.begin(), until_.end(), [](const auto& a, const auto& b) { return a.second < b.second; }));
}

void Deferred::Remove(ProcessId process) {
  until_.erase(until_.lower_bound({process, 0}), until_.upper_bound({process, UINT64_MAX}));
}

void Deferred::Expire(Time now) {
  std::erase_if(until_, [now](const auto& entry) { return entry.second <= now; });
}

}  // namespace hypertier::ranges
