// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/session/report.h"

namespace hypertier::agent {
namespace {

// Bounds that agent.proto sets.
constexpr std::size_t kSourceLimit = 32;
constexpr std::size_t kSourceReasonLimit = 256;

v1::TierReport::State StateOf(TierSnapshot::State state) {
  switch (state) {
    case TierSnapshot::State::kIdle:
      return v1::TierReport::STATE_IDLE;
    case TierSnapshot::State::kInflating:
      return v1::TierReport::STATE_INFLATING;
    case TierSnapshot::State::kDeflating:
      return v1::TierReport::STATE_DEFLATING;
    case TierSnapshot::State::kShort:
      return v1::TierReport::STATE_SHORT;
    case TierSnapshot::State::kUnknown:
      break;
  }
  return v1::TierReport::STATE_UNSPECIFIED;
}

v1::Report::Source SourceOf(Snapshot::Source source) {
  switch (source) {
    case Snapshot::Source::kBoot:
      return v1::Report::SOURCE_BOOT;
    case Snapshot::Source::kAgent:
      return v1::Report::SOURCE_AGENT;
    case Snapshot::Source::kTotal:
      return v1::Report::SOURCE_TOTAL;
    case Snapshot::Source::kUnknown:
      break;
  }
  return v1::Report::SOURCE_UNSPECIFIED;
}

v1::Report::Transport TransportOf(Snapshot::Transport transport) {
  switch (transport) {
    case Snapshot::Transport::kReporting:
      return v1::Report::TRANSPORT_REPORTING;
    case Snapshot::Transport::kInflate:
      return v1::Report::TRANSPORT_INFLATE;
    case Snapshot::Transport::kUnknown:
      break;
  }
  return v1::Report::TRANSPORT_UNSPECIFIED;
}

}  // namespace

v1::Report MakeReport(const BalloonFigures& figures) {
  const Snapshot& snapshot = figures.snapshot;
  v1::Report report;
  report.set_generation(snapshot.generation);
  report.set_source(SourceOf(snapshot.source));
  report.set_transport(TransportOf(snapshot.transport));
  report.set_oom_deflates(snapshot.oom_deflates);
  report.set_oom_deflated_bytes(snapshot.oom_deflated.count());
  report.set_rediscards(snapshot.rediscards);
  report.set_broken(snapshot.broken);
  if (figures.pressure) report.set_memory_pressure(*figures.pressure);
  for (const TierId id : kTiers) {
    if (!snapshot.tiers[id]) continue;
    const TierSnapshot& from = *snapshot.tiers[id];
    v1::TierReport& to = *report.add_tiers();
    to.set_tier(id == TierId::kFmem ? v1::TIER_FMEM : v1::TIER_SMEM);
    to.set_node(from.node);
    to.set_present_bytes(from.present.count());
    to.set_free_bytes(from.free.count());
    to.set_balloon_target_bytes(from.balloon_target.count());
    to.set_balloon_bytes(from.balloon.count());
    to.set_shortfall_bytes(from.shortfall.count());
    to.set_state(StateOf(from.state));
    to.set_floor_bytes(figures.floors[id].count());
  }
  return report;
}

void AddPlacement(const PlacementFigures& figures, v1::Report& report) {
  v1::PlacementReport& to = *report.mutable_placement();
  to.set_source(BoundedText(figures.source, kSourceLimit));
  to.set_source_reason(BoundedText(figures.source_reason, kSourceReasonLimit));
  if (figures.hit_ratio) to.set_hit_ratio(*figures.hit_ratio);
  to.set_access_rate(figures.access_rate);
  for (const ranges::CurvePoint& point : figures.curve) {
    v1::PlacementReport::CurvePoint& added = *to.add_curve();
    added.set_fmem_bytes(point.fmem.count());
    added.set_share(point.share);
  }
  to.set_hot_set_bytes(figures.hot_set.count());
  to.set_ranges(figures.ranges);
  to.set_processes(figures.processes);
  to.set_samples(figures.samples);
  to.set_samples_lost(figures.samples_lost);
  to.set_sample_period(figures.sample_period);
  to.set_exchanged_bytes(figures.exchanged.count());
  to.set_promoted_bytes(figures.promoted.count());
  to.set_demoted_bytes(figures.demoted.count());
  to.set_refused_pages(figures.refused_pages);
  static_assert(kRefusals == v1::PlacementReport::Refusal::Reason_ARRAYSIZE);
  for (std::size_t reason = 0; reason < kRefusals; ++reason) {
    if (figures.refusals[reason] == 0) continue;
    v1::PlacementReport::Refusal* refusal = to.add_refusals();
    refusal->set_reason(static_cast<v1::PlacementReport::Refusal::Reason>(reason));
    refusal->set_pages(figures.refusals[reason]);
  }
  to.set_tlb_flushes(figures.tlb_flushes);
  to.set_sampling_cpu_ns(figures.sampling_cpu_ns);
  to.set_classification_cpu_ns(figures.classification_cpu_ns);
  to.set_migration_cpu_ns(figures.migration_cpu_ns);
  to.set_move_limit(figures.move_limit.count());
}

std::string BoundedText(std::string_view text, std::size_t limit) {
  std::string bounded(text.substr(0, limit));
  for (char& c : bounded) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return bounded;
}

}  // namespace hypertier::agent
