// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "host-service/control/model.h"

namespace hypertier::metrics {

// In the order of control::EventKind.
inline constexpr std::array<std::string_view, static_cast<std::size_t>(control::EventKind::kDestroyed) + 1>
    kEventNames = {"agent_connected", "agent_lost",     "link_reset", "targets_set",
                   "targets_adopted", "oom_deflate",    "shortfall",  "shortfall_ended",
                   "reboot",          "rediscard",      "violating",  "violating_ended",
                   "confined",        "confined_ended", "paused",     "destroyed"};

// What has happened to VMs, by kind. Thread-safe without a lock.
class EventCounts {
 public:
  void Count(control::EventKind kind) {
    counts_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t Get(control::EventKind kind) const { return Get(static_cast<std::size_t>(kind)); }
  std::uint64_t Get(std::size_t kind) const { return counts_[kind].load(std::memory_order_relaxed); }

 private:
  std::array<std::atomic<std::uint64_t>, kEventNames.size()> counts_{};
};

}  // namespace hypertier::metrics
