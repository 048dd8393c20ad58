// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "common/refusal.h"
#include "guest-agent/mover/stats.h"

namespace hypertier::agent {

// 4 KiB pages that were refused since the start, by Refusal: the module's and the kernel's many reasons in few words.
std::array<std::uint64_t, kRefusals> RefusalsOf(const MoverStats& stats);

}  // namespace hypertier::agent
