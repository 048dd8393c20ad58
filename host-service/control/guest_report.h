// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/control/model.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::control {

// Generations grow by one with each resize, so none beyond kMaxGeneration is ever honest. Ours must exceed what a guest
// shows; so that a lie cannot drive them to the end of the range, a guest's counts up to kMaxForeignGeneration only,
// which leaves as many again for ours.
inline constexpr std::uint64_t kMaxForeignGeneration = std::uint64_t{1} << 61;
inline constexpr std::uint64_t kMaxGeneration = std::uint64_t{1} << 62;

// One tier of a guest's report, every figure at most the cell.
struct GuestTier {
  Bytes present;
  // Absent: not known.
  std::optional<Bytes> free;
  Bytes balloon_target;
  Bytes balloon;
  Bytes shortfall;
  Bytes floor;
  GuestTierState state = GuestTierState::kUnknown;

  friend bool operator==(const GuestTier&, const GuestTier&) = default;
};

// A guest's report as we are willing to believe it: figures are still hints, but none can overflow anything.
struct GuestReport {
  enum class Source { kUnknown, kBoot, kAgent, kTotal };

  std::uint64_t generation = 0;
  Source source = Source::kUnknown;
  // Absent: the guest says nothing (or nothing usable) about the tier.
  PerTier<std::optional<GuestTier>> tiers;
  std::uint64_t oom_deflates = 0;
  Bytes oom_deflated;
  // "reporting", "inflate" or "".
  std::string transport;
  bool broken = false;
  // Share of time in which its programs wait for memory.
  std::optional<double> pressure;
  // The hypervisor's word, not the guest's: what a tier was asked to be bounds what it may take from now on.
  bool by_hypervisor = false;

  friend bool operator==(const GuestReport&, const GuestReport&) = default;
  bool HasBothTiers() const { return tiers.fmem().has_value() && tiers.smem().has_value(); }
  // Only with both tiers.
  PerTier<Bytes> BalloonTargets() const { return {tiers.fmem()->balloon_target, tiers.smem()->balloon_target}; }
};

// Bounds every figure by the VM's cells. Of a tier named twice the first counts; unknown tiers are left out.
// `implausible` grows by each figure that was bounded or left out.
GuestReport ReadReport(const agent::v1::Report& report, const PerTier<Bytes>& cells, std::uint64_t& implausible);

}  // namespace hypertier::control
