// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace hypertier::channel {

// Never jumps, whatever is done to the wall clock.
using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;

}  // namespace hypertier::channel
