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
    PerTier<std::optional<std::uint32_t>> nodes;
    for (const TierId tier : kTiers) {
      if (snapshot->tiers[tier]) nodes[tier] = snapshot->tiers[tier]->node;
    }
    floors_ = ReadNodeFloors(root_, nodes);
  }
  return BalloonFigures{*snapshot, floors_, pressure_.ReadFiles(root_, now)};
}

absl::Status BalloonGuest::SetBalloons(std::uint64_t generation, const PerTier<std::optional<Bytes>>& balloons) {
  const absl::Status status = device_.Set(generation, balloons);
  if (status.ok() && placement_ != nullptr) placement_->Hurry();
  return status;
}

absl::Status BalloonGuest::Rediscard() {
  return device_.Rediscard();
}

void BalloonGuest::LimitMoves(Bytes per_second) {
  if (placement_ != nullptr) placement_->LimitMoves(per_second);
}

std::shared_ptr<const PlacementFigures> BalloonGuest::Placement() {
  return placement_ == nullptr ? nullptr : placement_->figures();
}

}  // namespace hypertier::agent
