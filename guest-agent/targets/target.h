// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// A process whose memory is placed.
struct Target {
  // Another one after exec: nothing that was known of the old image holds for the new one.
  ranges::ProcessId id;
  // Thread group, in the agent's own pid namespace.
  pid_t pid = 0;
  // Field 22 of /proc/PID/stat: tells a reused pid apart.
  std::uint64_t start_time = 0;
  // comm, as the kernel has it: the process may have put anything there.
  std::string command;
  // Worth placing; sorted, disjoint.
  std::vector<ranges::AddressSpan> mappings;
};

// All targets of now. One thread.
class TargetTable {
 public:
  void Add(Target target) {
    by_pid_[target.pid] = target.id;
    targets_.insert_or_assign(target.id, std::move(target));
  }
  void Remove(ranges::ProcessId id) {
    const auto found = targets_.find(id);
    if (found == targets_.end()) return;
    const auto pid = by_pid_.find(found->second.pid);
    if (pid != by_pid_.end() && pid->second == id) by_pid_.erase(pid);
    targets_.erase(found);
  }
  // Null when there is none. Valid until it is removed.
  const Target* Find(ranges::ProcessId id) const {
    const auto found = targets_.find(id);
    return found == targets_.end() ? nullptr : &found->second;
  }
  Target* Find(ranges::ProcessId id) { return const_cast<Target*>(std::as_const(*this).Find(id)); }
  const Target* FindPid(pid_t pid) const {
    const auto found = by_pid_.find(pid);
    return found == by_pid_.end() ? nullptr : Find(found->second);
  }
  // In order of id.
  const std::map<ranges::ProcessId, Target>& all() const { return targets_; }

 private:
  std::map<ranges::ProcessId, Target> targets_;
  std::unordered_map<pid_t, ranges::ProcessId> by_pid_;
};

}  // namespace hypertier::agent
