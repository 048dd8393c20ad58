// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hypertier::agent {

// How much the guest lacks memory: the share of time in which some program waits for it, 0 to 1.
//
// The kernel's pressure stall information says it (/proc/pressure/memory, "some avg10", the last 10 s). Where the
// kernel has none, it is estimated by pages that were evicted and soon read again (workingset_refault_* of
// /proc/vmstat), each of which is taken to cost a read from a fast disk.
class PressureGauge {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::microseconds kRead{100};

  // Each text empty: the kernel has no such file. `now` never goes back. Absent: not known (yet).
  std::optional<double> Read(std::string_view psi, std::string_view vmstat, Time now);

  // The same from the files below `root`.
  std::optional<double> ReadFiles(const std::string& root, Time now);

 private:
  struct Refaults {
    std::uint64_t pages = 0;
    Time at;
  };
  std::optional<Refaults> last_;
};

}  // namespace hypertier::agent
