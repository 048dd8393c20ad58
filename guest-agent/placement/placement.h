// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "guest-agent/access/choose.h"
#include "guest-agent/hyperplace/device.h"
#include "guest-agent/mover/mover.h"
#include "guest-agent/mover/surveyor.h"
#include "guest-agent/placement/effort.h"
#include "guest-agent/placement/figures.h"
#include "guest-agent/placement/stage_clock.h"
#include "guest-agent/placement/tiers.h"
#include "guest-agent/ranges/classifier.h"
#include "guest-agent/targets/discovery.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

struct PlacementOptions {
  // Before every path that is read; "" in production.
  std::string root;
  std::string hyperflex = "/dev/hyperflex";
  std::string hyperplace = "/dev/hyperplace";
  SourceOptions source;
  DiscoveryOptions discovery;
  MoverOptions mover;
  ranges::Options ranges;
};

// HyperPlace: finds out what the guest's programs access, and puts the hottest of it into FMEM. One thread, which is
// not that of the balloons: exchanging pages may wait for a process that holds its address space.
class Placement {
 public:
  // Plans are made at most this often while there is anything to do, and this seldom while there is not.
  static constexpr std::chrono::milliseconds kPlanInterval{250};
  static constexpr std::chrono::seconds kIdlePlanInterval{2};
  // While the host waits for FMEM that can be made free. Calls of the mover take 50 ms each.
  static constexpr std::chrono::milliseconds kUrgentPlanInterval{10};
  // While no source of accesses works: a module may still be loaded.
  static constexpr std::chrono::seconds kRetryInterval{30};

  // InvalidArgument: an option makes no sense. That accesses cannot be known is no error: figures() say why.
  static absl::StatusOr<std::unique_ptr<Placement>> Create(PlacementOptions options);

  // Does what is due, and says when it wants to be called again.
  ranges::Time Step(ranges::Time now);

  // Has the next Step plan and move, whatever was planned last.
  void PlanSoon() { plan_due_ = ranges::Time::min(); }

  // The most that is moved in a second in place of options.mover.per_second; 0: that again.
  void LimitMoves(Bytes per_second);

  // As of the last Step.
  PlacementFigures Figures() const;

 private:
  Placement(PlacementOptions options, ranges::Classifier classifier);

  // Chooses a source. InvalidArgument: the options name none.
  absl::Status Choose();
  void Sample(ranges::Time now);
  void Plan(ranges::Time now);
  // FMEM is for programs.
  void MoveOut(const PerTier<int>& nodes);
  // Spends what is worth it from now on.
  void SetEffort(ranges::Time now);
  ranges::Time NextPlan(ranges::Time now, std::uint64_t cost_ns) const;

  const PlacementOptions options_;
  HyperplaceDevice hyperplace_;
  SystemMigrator migrator_;
  TierReader tiers_;
  TargetTable targets_;
  ranges::Classifier classifier_;
  Discovery discovery_;
  Surveyor surveyor_;
  Mover mover_;
  ChosenSource source_;
  StageClock clock_;
  Effort effort_;
  std::vector<ranges::Sample> samples_;
  ranges::Plan plan_;
  // What the last plan asked for.
  bool moving_ = false;
  bool surveying_ = true;
  // The last demotions for the host moved nothing, as SMEM has no room: no reason to hurry until one does.
  bool stuck_ = false;
  ranges::Time plan_due_ = ranges::Time::min();
  ranges::Time retry_due_ = ranges::Time::min();
  std::string tier_problem_;
  bool moved_out_ = false;
  Bytes move_limit_;
};

}  // namespace hypertier::agent
