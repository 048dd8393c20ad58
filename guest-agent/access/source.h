// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "guest-agent/ranges/types.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

// Counters since the start, and settings of now. What a source does not have stays 0.
struct AccessStats {
  // Records that were read and belong to a target; samples of other processes.
  std::uint64_t samples = 0;
  std::uint64_t foreign = 0;
  // Records that the kernel had no room for, and times that it throttled the event.
  std::uint64_t lost = 0;
  std::uint64_t throttled = 0;
  // Records without a data address, or malformed ones.
  std::uint64_t bad = 0;
  // Accesses that one sample stands for.
  std::uint64_t period = 0;
  // Page tables looked at.
  std::uint64_t scanned = 0;
};

// Tells which memory is accessed. One thread; one source at a time.
class AccessSource {
 public:
  virtual ~AccessSource() = default;

  // As in metrics and in `tierctl get`: "pebs", "accessed-bit", "replay".
  virtual std::string_view name() const = 0;

  // Does what is due, and appends what was found out since the last call to `samples`. Never waits.
  virtual void Poll(ranges::Time now, const TargetTable& targets, std::vector<ranges::Sample>& samples) = 0;

  // When Poll wants to be called at the latest. The caller also polls whenever it plans.
  virtual ranges::Time NextDeadline() const = 0;

  // CPU time that the source, the kernel's part of it included as far as it can be told, may use in the long run: a
  // share of one CPU. Work before the first few seconds are over may be quicker than that.
  virtual void SetBudget(double share_of_cpu) = 0;

  virtual AccessStats stats() const = 0;
};

}  // namespace hypertier::agent
