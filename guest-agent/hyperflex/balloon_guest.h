// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "guest-agent/hyperflex/device.h"
#include "guest-agent/session/guest.h"

namespace hypertier::agent {

// The guest that the session talks to: hyperflex's figures, and the floors, which cost more to read and so may be a
// second old.
class BalloonGuest final : public Guest {
 public:
  BalloonGuest(const std::string& root, std::string device) : root_(root), device_(root, std::move(device)) {}

  absl::StatusOr<BalloonFigures> Balloons() override;
  absl::Status SetBalloons(std::uint64_t generation, const PerTier<std::optional<Bytes>>& balloons) override;
  absl::Status Rediscard() override;

  const HyperflexDevice& device() const { return device_; }

 private:
  static constexpr std::chrono::seconds kFloorAge{1};

  const std::string root_;
  HyperflexDevice device_;
  PerTier<Bytes> floors_;
  std::chrono::steady_clock::time_point floors_due_ = std::chrono::steady_clock::time_point::min();
};

}  // namespace hypertier::agent
