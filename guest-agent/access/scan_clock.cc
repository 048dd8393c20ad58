// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/scan_clock.h"

#include <ctime>

#include "guest-agent/system/cpu_budget.h"

namespace hypertier::agent {
namespace {

class RealScanClock final : public ScanClock {
 public:
  ranges::Time Now() override { return std::chrono::steady_clock::now(); }
  std::chrono::nanoseconds CpuTime() override { return ThreadCpuTime(); }
  void Sleep(std::chrono::nanoseconds duration) override {
    timespec time{};
    time.tv_sec = static_cast<time_t>(duration.count() / 1'000'000'000);
    time.tv_nsec = static_cast<long>(duration.count() % 1'000'000'000);
    // Woken early, a window is shorter; its length is measured.
    nanosleep(&time, nullptr);
  }
};

}  // namespace

ScanClock& SystemScanClock() {
  static RealScanClock clock;
  return clock;
}

}  // namespace hypertier::agent
