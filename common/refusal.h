// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace hypertier {

// Why a page could not be moved between a guest's tiers; the numbers are those of Refusal.Reason in agent.proto.
enum class Refusal : std::size_t {
  kOther,
  // The kernel is at work on it: locked, isolated, being written back, changed meanwhile. It is tried again.
  kBusy,
  // Somebody holds it where it is: direct I/O, DMA.
  kPinned,
  // Other processes have it, too, or it is a file's.
  kShared,
  // There is no page there any more, or the process has gone.
  kAbsent,
  // The process, its policy, its lock or its page tables do not let it be moved.
  kForbidden,
  // The other tier has no free page.
  kNoMemory,
  // It is not where it was expected: somebody else has moved it.
  kElsewhere,
  kCount,
};

inline constexpr std::size_t kRefusals = static_cast<std::size_t>(Refusal::kCount);
inline constexpr std::array<std::string_view, kRefusals> kRefusalNames = {
    "other", "busy", "pinned", "shared", "absent", "forbidden", "no_memory", "elsewhere"};

}  // namespace hypertier
