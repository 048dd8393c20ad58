// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "guest-agent/hyperflex/device.h"
#include "guest-agent/memory/pressure.h"
#include "guest-agent/placement/placement_thread.h"
#include "guest-agent/session/guest.h"

namespace hypertier::agent {

// The guest that the session talks to: hyperflex's figures, the floors, which cost more to read and so may be a second
// old, and what placement knows. Placement is told when balloons are to change: cold pages leave FMEM before it
// shrinks.
class BalloonGuest final : public Guest {
 public:
  // `placement` may be null, and otherwise stays as long as this.
  BalloonGuest(const std::string& root, std::string device, PlacementThread* placement)
      : root_(root), device_(root, std::move(device)), placement_(placement) {}

  absl::StatusOr<BalloonFigures> Balloons() override;
  absl::Status SetBalloons(std::uint64_t generation, const PerTier<std::optional<Bytes>>& balloons) override;
  absl::Status Rediscard() override;
  void LimitMoves(Bytes per_second) override;
  std::shared_ptr<const PlacementFigures> Placement() override;

  const HyperflexDevice& device() const { return device_; }

 private:
  static constexpr std::chrono::seconds kFloorAge{1};

  const std::string root_;
  HyperflexDevice device_;
  PlacementThread* const placement_;
  PerTier<Bytes> floors_;
  PressureGauge pressure_;
  std::chrono::steady_clock::time_point floors_due_ = std::chrono::steady_clock::time_point::min();
};

}  // namespace hypertier::agent
