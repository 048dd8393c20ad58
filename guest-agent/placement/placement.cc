// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/placement.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "guest-agent/mover/refusals.h"
#include "guest-agent/system/log_event.h"
#include "guest-agent/system/own_memory.h"

namespace hypertier::agent {

absl::StatusOr<std::unique_ptr<Placement>> Placement::Create(PlacementOptions options) {
  absl::StatusOr<ranges::Classifier> classifier = ranges::Classifier::Create(options.ranges);
  if (!classifier.ok()) return classifier.status();
  std::unique_ptr<Placement> placement(new Placement(std::move(options), *std::move(classifier)));
  if (absl::Status status = placement->Choose(); !status.ok()) return status;
  return placement;
}

absl::Status Placement::Choose() {
  absl::StatusOr<ChosenSource> source = ChooseSource(options_.source, effort_.shares().sampling, hyperplace_);
  if (!source.ok()) return source.status();
  const bool news = source->reason != source_.reason;
  source_ = *std::move(source);
  if (source_.source != nullptr) {
    LogEvent(spdlog::level::info, "placement_on", "placement: accesses are known from {}: {}", source_.source->name(),
             source_.reason);
  } else if (news) {
    LogEvent(spdlog::level::warn, "placement_off", "placement: off: {}", source_.reason);
  }
  return absl::OkStatus();
}

Placement::Placement(PlacementOptions options, ranges::Classifier classifier)
    : options_(std::move(options)),
      hyperplace_(options_.root, options_.hyperplace),
      tiers_(options_.root, options_.hyperflex),
      classifier_(std::move(classifier)),
      discovery_(options_.root, options_.discovery),
      surveyor_(hyperplace_, migrator_),
      mover_(hyperplace_, migrator_, options_.mover) {
  mover_.SetFmemRoom([this](ranges::Time now) { return tiers_.FmemRoom(now); });
}

ranges::Time Placement::Step(ranges::Time now) {
  clock_.Begin();
  // Without samples nothing would ever be planned.
  if (source_.source == nullptr) {
    if (retry_due_ == ranges::Time::min()) retry_due_ = now + kRetryInterval;
    // The options were good at the start.
    if (now >= retry_due_) {
      Choose().IgnoreError();
      retry_due_ = now + kRetryInterval;
    }
    clock_.End(Stage::kSampling);
    if (source_.source == nullptr) return retry_due_;
  }
  if (now >= discovery_.NextDeadline()) discovery_.Run(now, targets_, classifier_);
  if (now >= source_.source->NextDeadline() || now >= plan_due_) Sample(now);
  clock_.End(Stage::kSampling);
  if (now >= plan_due_) Plan(now);
  return std::min({discovery_.NextDeadline(), source_.source->NextDeadline(), plan_due_});
}

void Placement::Sample(ranges::Time now) {
  samples_.clear();
  source_.source->Poll(now, targets_, samples_);
  clock_.End(Stage::kSampling);
  classifier_.Ingest(now, samples_);
  clock_.End(Stage::kClassification);
}

void Placement::Plan(ranges::Time now) {
  const absl::StatusOr<TierView> tiers = tiers_.Read(now);
  if (tiers.ok()) {
    tier_problem_.clear();
    MoveOut(tiers->nodes);
    surveyor_.SetNodes(tiers->nodes);
    mover_.SetNodes(tiers->nodes);
    mover_.SetFreeSmem(tiers->capacity.free.smem());
    mover_.SetUrgent(tiers->vacate > Bytes() && !stuck_);
    classifier_.SetCapacity(tiers->capacity);
    classifier_.SetDemand(tiers->vacate);
  } else if (std::string problem = ToString(tiers.status().message()); problem != tier_problem_) {
    LogEvent(spdlog::level::warn, "placement_stopped", "placement: nothing is moved: {}", problem);
    tier_problem_ = std::move(problem);
  }
  plan_ = classifier_.MakePlan(now);
  const std::uint64_t cost = clock_.End(Stage::kClassification);
  moving_ = surveying_ = false;
  bool urgent = false;
  if (tiers.ok()) {
    const Bytes before = mover_.stats().demoted;
    surveyor_.Carry(now, plan_.surveys, targets_, classifier_);
    mover_.Carry(now, plan_, targets_, classifier_);
    for (const pid_t pid : surveyor_.TakeGone()) discovery_.CheckSoon(pid);
    for (const pid_t pid : mover_.TakeGone()) discovery_.CheckSoon(pid);
    surveying_ = !plan_.surveys.empty();
    moving_ = !plan_.demotions.empty() || !plan_.promotions.empty() || !plan_.exchanges.empty();
    const bool wanted = tiers->vacate > Bytes() && !plan_.demotions.empty();
    const bool gained = mover_.stats().demoted > before;
    stuck_ = wanted && !gained;
    urgent = wanted && gained;
  }
  SetEffort(now);
  clock_.End(Stage::kMigration);
  plan_due_ = urgent ? now + kUrgentPlanInterval : NextPlan(now, cost);
}

void Placement::MoveOut(const PerTier<int>& nodes) {
  if (std::exchange(moved_out_, true)) return;
  const absl::Status status = LiveOn(nodes.smem(), nodes.fmem());
  if (!status.ok())
    LogEvent(spdlog::level::info, "own_memory", "placement: the agent's own memory stays in FMEM: {}",
             ToString(status.message()));
}

void Placement::SetEffort(ranges::Time now) {
  const bool learning = effort_.learning();
  const MoverStats& moved = mover_.stats();
  effort_.Update(now, plan_.resident.fmem() + plan_.resident.smem(), moved.exchanged + moved.promoted + moved.demoted,
                 plan_.capacity);
  if (effort_.learning() != learning) source_.source->SetBudget(effort_.shares().sampling);
}

ranges::Time Placement::NextPlan(ranges::Time now, std::uint64_t cost_ns) const {
  const double share = effort_.shares().planning;
  const auto affordable = std::chrono::nanoseconds(static_cast<std::int64_t>(static_cast<double>(cost_ns) / share));
  const auto usual = moving_ || surveying_ || effort_.learning() ? std::chrono::nanoseconds(kPlanInterval)
                                                                 : std::chrono::nanoseconds(kIdlePlanInterval);
  return now + std::clamp<std::chrono::nanoseconds>(affordable, usual, kIdlePlanInterval);
}

void Placement::LimitMoves(Bytes per_second) {
  if (per_second == move_limit_) return;
  move_limit_ = per_second;
  const bool own = per_second == Bytes();
  const Bytes most = own ? options_.mover.per_second : per_second;
  mover_.LimitRate(most);
  LogEvent(spdlog::level::info, "move_rate", "placement: moves {} a second at most{}", FormatBytes(most),
           own ? "" : ", as the host says");
}

PlacementFigures Placement::Figures() const {
  PlacementFigures figures;
  figures.move_limit = move_limit_;
  figures.source_reason = tier_problem_.empty() ? source_.reason : tier_problem_;
  figures.sampling_cpu_ns = clock_.spent(Stage::kSampling);
  figures.classification_cpu_ns = clock_.spent(Stage::kClassification);
  figures.migration_cpu_ns = clock_.spent(Stage::kMigration);
  if (source_.source == nullptr) return figures;
  const AccessStats access = source_.source->stats();
  const ranges::ClassifierStats classified = classifier_.stats();
  const MoverStats& moved = mover_.stats();
  figures.source = source_.source->name();
  figures.hit_ratio = plan_.hit_ratio;
  figures.access_rate = plan_.access_rate;
  figures.curve = plan_.curve;
  figures.hot_set = plan_.hot_set;
  figures.ranges = static_cast<std::uint32_t>(classified.range_count);
  figures.processes = static_cast<std::uint32_t>(classified.process_count);
  figures.samples = access.samples;
  figures.samples_lost = access.lost;
  figures.sample_period = access.period;
  // Both pages of a pair have moved.
  figures.exchanged = moved.exchanged + moved.exchanged;
  figures.promoted = moved.promoted;
  figures.demoted = moved.demoted;
  figures.refused_pages = moved.refused_pages();
  figures.refusals = RefusalsOf(moved);
  figures.tlb_flushes = moved.flushes;
  return figures;
}

}  // namespace hypertier::agent
