// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "host-service/control/model.h"

namespace hypertier::metrics {

// What has happened to VMs, by kind. Thread-safe without a lock.
class EventCounts {
 public:
  void Count(control::EventKind kind) {
    counts_[static_cast<std::size_t>(kind)].fetch_add(1, std::memory_order_relaxed);
  }
  std::uint64_t Get(control::EventKind kind) const {
    return counts_[static_cast<std::size_t>(kind)].load(std::memory_order_relaxed);
  }

 private:
  std::array<std::atomic<std::uint64_t>, control::kEventKinds> counts_{};
};

}  // namespace hypertier::metrics
