// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "guest-agent/hyperflex/snapshot.h"
#include "guest-agent/placement/figures.h"

namespace hypertier::agent {

// What a report says about the balloons.
struct BalloonFigures {
  Snapshot snapshot;
  PerTier<Bytes> floors;
  // Share of time in which some program waits for memory; absent: the kernel does not say.
  std::optional<double> pressure;
};

// What the session may ask of the guest. Called on the agent's one thread, so nothing here may block.
class Guest {
 public:
  virtual ~Guest() = default;

  // The figures of now; an error says why there are no balloons, and what to do. Called for each report, and every few
  // seconds while there are none.
  virtual absl::StatusOr<BalloonFigures> Balloons() = 0;

  // Both may be called many times with the same arguments.
  virtual absl::Status SetBalloons(std::uint64_t generation, const PerTier<std::optional<Bytes>>& balloons) = 0;
  virtual absl::Status Rediscard() = 0;

  // The most that placement is to move in a second; 0: its own limit.
  virtual void LimitMoves(Bytes /*per_second*/) {}

  // Null while nothing is placed in this guest.
  virtual std::shared_ptr<const PlacementFigures> Placement() { return nullptr; }
};

}  // namespace hypertier::agent
