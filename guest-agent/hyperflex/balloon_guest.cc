// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/hyperflex/balloon_guest.h"

#include "guest-agent/memory/floor.h"

namespace hypertier::agent {

absl::StatusOr<BalloonFigures> BalloonGuest::Balloons() {
  absl::StatusOr<Snapshot> snapshot = device_.Read();
  if (!snapshot.ok()) return snapshot.status();
  const auto now = std::chrono::steady_clock::now();
  if (now >= floors_due_) {
    floors_due_ = now + kFloorAge;
    for (const TierId tier : kTiers) {
      floors_[tier] = snapshot->tiers[tier] ? ReadNodeFloor(root_, snapshot->tiers[tier]->node) : Bytes();
    }
  }
  return BalloonFigures{*snapshot, floors_};
}

absl::Status BalloonGuest::SetBalloons(std::uint64_t generation, const PerTier<std::optional<Bytes>>& balloons) {
  return device_.Set(generation, balloons);
}

absl::Status BalloonGuest::Rediscard() {
  return device_.Rediscard();
}

}  // namespace hypertier::agent
