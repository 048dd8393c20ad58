// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::agent {

// One tier's part of a snapshot. guest-kmod/hyperflex/ABI.md gives each figure's meaning.
struct TierSnapshot {
  enum class State { kUnknown, kIdle, kInflating, kDeflating, kShort };

  std::uint32_t node = 0;
  Bytes present;
  Bytes free;
  Bytes balloon_target;
  Bytes balloon;
  Bytes shortfall;
  State state = State::kUnknown;

  friend bool operator==(const TierSnapshot&, const TierSnapshot&) = default;
};

// What one read of /dev/hyperflex says.
struct Snapshot {
  enum class Source { kUnknown, kBoot, kAgent, kTotal };
  enum class Transport { kUnknown, kReporting, kInflate };

  std::uint64_t generation = 0;
  Source source = Source::kUnknown;
  Transport transport = Transport::kUnknown;
  std::uint64_t rediscards = 0;
  std::uint64_t oom_deflates = 0;
  Bytes oom_deflated;
  bool broken = false;
  // Empty: the guest has no such tier.
  PerTier<std::optional<TierSnapshot>> tiers;

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

// The largest snapshot that the ABI allows.
inline constexpr std::size_t kMaxSnapshot = 4096;

// The ABI version that this agent drives.
inline constexpr std::uint64_t kHyperflexAbi = 1;

// Reads a snapshot. Unknown keys and words are passed over, as the ABI asks; a malformed line, a missing `abi` or
// another ABI version is an error that says where and what to do.
absl::StatusOr<Snapshot> ParseSnapshot(std::string_view text);

}  // namespace hypertier::agent
