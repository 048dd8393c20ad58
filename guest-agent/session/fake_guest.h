// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "guest-agent/session/guest.h"

namespace hypertier::agent {

// A guest whose balloons reach their targets at once.
class FakeGuest final : public Guest {
 public:
  FakeGuest() {
    snapshot.source = Snapshot::Source::kBoot;
    snapshot.transport = Snapshot::Transport::kReporting;
    for (const TierId tier : kTiers) {
      snapshot.tiers[tier] = TierSnapshot{.node = static_cast<std::uint32_t>(tier),
                                          .present = Bytes::GiB(1),
                                          .free = Bytes::MiB(900),
                                          .balloon_target = {},
                                          .balloon = {},
                                          .shortfall = {},
                                          .state = TierSnapshot::State::kIdle};
    }
  }

  absl::StatusOr<BalloonFigures> Balloons() override {
    ++looks;
    if (!balloons.ok()) return balloons;
    return BalloonFigures{snapshot, {Bytes::MiB(64), Bytes::MiB(8)}, 0.25};
  }

  absl::Status SetBalloons(std::uint64_t generation, const PerTier<std::optional<Bytes>>& sizes) override {
    if (!commands.ok()) return commands;
    snapshot.generation = generation;
    snapshot.source = Snapshot::Source::kAgent;
    for (const TierId tier : kTiers) {
      if (sizes[tier]) snapshot.tiers[tier]->balloon = snapshot.tiers[tier]->balloon_target = *sizes[tier];
    }
    return absl::OkStatus();
  }

  absl::Status Rediscard() override {
    if (commands.ok()) ++snapshot.rediscards;
    return commands;
  }

  void LimitMoves(Bytes per_second) override { move_limit = per_second; }

  std::shared_ptr<const PlacementFigures> Placement() override { return placement; }

  std::shared_ptr<const PlacementFigures> placement;
  // What Balloons() and the commands answer.
  absl::Status balloons;
  absl::Status commands;
  Snapshot snapshot;
  std::optional<Bytes> move_limit;
  int looks = 0;
};

}  // namespace hypertier::agent
