// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// Time as a scan needs it, so that tests can stop it.
class ScanClock {
 public:
  virtual ~ScanClock() = default;
  virtual ranges::Time Now() = 0;
  // Used by the calling thread so far.
  virtual std::chrono::nanoseconds CpuTime() = 0;
  virtual void Sleep(std::chrono::nanoseconds duration) = 0;
};

// The real one. Stateless.
ScanClock& SystemScanClock();

}  // namespace hypertier::agent
