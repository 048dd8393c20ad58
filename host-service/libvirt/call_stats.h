// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/duration_histogram.h"

namespace hypertier {

// Calls on a domain.
enum class LibvirtCall : std::size_t { kRead, kAttach, kPause, kDestroy, kRequest, kCount };

inline constexpr std::size_t kLibvirtCalls = static_cast<std::size_t>(LibvirtCall::kCount);
inline constexpr std::array<const char*, kLibvirtCalls> kLibvirtCallNames = {"read", "attach", "pause", "destroy",
                                                                             "request"};

constexpr const char* NameOf(LibvirtCall call) {
  return kLibvirtCallNames[static_cast<std::size_t>(call)];
}

// How libvirt answers. Thread-safe without a lock.
class LibvirtCallStats {
 public:
  struct Of {
    DurationHistogram durations;
    std::atomic<std::uint64_t> timeouts{0};
    std::atomic<std::uint64_t> failures{0};
  };

  void Ended(LibvirtCall call, std::chrono::nanoseconds duration, bool failed) {
    Of& of = calls_[static_cast<std::size_t>(call)];
    of.durations.Observe(duration);
    if (failed) of.failures.fetch_add(1, std::memory_order_relaxed);
  }
  void TimedOut(LibvirtCall call) {
    calls_[static_cast<std::size_t>(call)].timeouts.fetch_add(1, std::memory_order_relaxed);
  }

  const Of& of(std::size_t call) const { return calls_[call]; }

 private:
  std::array<Of, kLibvirtCalls> calls_;
};

}  // namespace hypertier
