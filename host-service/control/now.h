// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace hypertier::control {

// The two clocks, read once for each thing that happens. Every decision uses `mono`; `wall` only stamps what people and
// the ledger see, so that a jump of the wall clock changes nothing but stamps.
struct Now {
  // Since some fixed moment in this process's life; never goes back.
  absl::Duration mono;
  absl::Time wall;
};

// What Now::mono reads in a running hypertierd.
inline absl::Duration MonoNow() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

inline Now ReadClocks() {
  return {.mono = MonoNow(), .wall = absl::Now()};
}

}  // namespace hypertier::control
