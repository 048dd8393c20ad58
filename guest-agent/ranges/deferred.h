// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// Chunks that are left out of plans for a while. Keyed by process and address, not by page: a page frame soon is
// another page. Bounded: with no room the one that would be free soonest goes.
class Deferred {
 public:
  explicit Deferred(std::size_t limit) : limit_(limit) {}

  void Add(ProcessId process, Address chunk, Time until);
  void Remove(ProcessId process);
  // Forgets those whose time has come.
  void Expire(Time now);

  bool Contains(ProcessId process, Address chunk) const { return !until_.empty() && until_.contains({process, chunk}); }
  std::size_t size() const { return until_.size(); }

 private:
  const std::size_t limit_;
  std::map<std::pair<ProcessId, Address>, Time> until_;
};

}  // namespace hypertier::ranges
