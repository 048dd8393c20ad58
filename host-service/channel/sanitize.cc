// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/sanitize.h"

#include <algorithm>
#include <bitset>
#include <cmath>
#include <cstdint>

#include "common/utf8.h"

namespace hypertier::channel {
namespace {

using agent::v1::GuestHello;
using agent::v1::PlacementReport;
using agent::v1::Report;
using agent::v1::TierReport;

// Bounds of agent.proto.
constexpr std::size_t kVersionLimit = 64;
constexpr std::size_t kKernelLimit = 128;
constexpr std::size_t kBootIdLimit = 64;
constexpr std::size_t kSourceLimit = 32;
constexpr int kMaxCurvePoints = 16;

bool IsShare(double share) {
  return share >= 0 && share <= 1;  // Not so for what is not a number.
}

PlacementReport CleanPlacement(const PlacementReport& report) {
  PlacementReport clean;
  clean.set_source(Printable(report.source(), kSourceLimit));
  clean.set_source_reason(Printable(report.source_reason(), kReasonLimit));
  if (report.has_hit_ratio() && IsShare(report.hit_ratio())) clean.set_hit_ratio(report.hit_ratio());
  // No memory serves more; and what is summed over guests must stay a number.
  constexpr double kMostAccesses = 1e12;
  if (report.access_rate() >= 0) clean.set_access_rate(std::min(report.access_rate(), kMostAccesses));
  std::uint64_t bytes = 0;
  double share = 0;
  for (const PlacementReport::CurvePoint& point : report.curve()) {
    if (clean.curve_size() == kMaxCurvePoints) break;
    // A curve that falls or jumps beyond 1 is none.
    if (point.fmem_bytes() < bytes || !IsShare(point.share()) || point.share() < share) {
      clean.clear_curve();
      break;
    }
    bytes = point.fmem_bytes();
    share = point.share();
    PlacementReport::CurvePoint& to = *clean.add_curve();
    to.set_fmem_bytes(bytes);
    to.set_share(share);
  }
  clean.set_hot_set_bytes(report.hot_set_bytes());
  clean.set_ranges(report.ranges());
  clean.set_processes(report.processes());
  clean.set_samples(report.samples());
  clean.set_samples_lost(report.samples_lost());
  clean.set_sample_period(report.sample_period());
  clean.set_exchanged_bytes(report.exchanged_bytes());
  clean.set_promoted_bytes(report.promoted_bytes());
  clean.set_demoted_bytes(report.demoted_bytes());
  clean.set_refused_pages(report.refused_pages());
  std::bitset<PlacementReport::Refusal::Reason_ARRAYSIZE> named;
  for (const PlacementReport::Refusal& refusal : report.refusals()) {
    if (!PlacementReport::Refusal::Reason_IsValid(refusal.reason()) || named.test(refusal.reason())) continue;
    named.set(refusal.reason());
    PlacementReport::Refusal& to = *clean.add_refusals();
    to.set_reason(refusal.reason());
    to.set_pages(refusal.pages());
  }
  clean.set_tlb_flushes(report.tlb_flushes());
  clean.set_sampling_cpu_ns(report.sampling_cpu_ns());
  clean.set_classification_cpu_ns(report.classification_cpu_ns());
  clean.set_migration_cpu_ns(report.migration_cpu_ns());
  clean.set_move_limit(report.move_limit());
  return clean;
}

}  // namespace

GuestHello CleanHello(const GuestHello& hello) {
  GuestHello clean;
  clean.set_version(hello.version());
  clean.set_min_version(hello.min_version());
  clean.set_max_version(hello.max_version());
  for (const agent::v1::Feature feature : {agent::v1::FEATURE_BALLOONS, agent::v1::FEATURE_PLACEMENT}) {
    if (std::ranges::find(hello.features(), feature) != hello.features().end()) clean.add_features(feature);
  }
  clean.set_agent_version(Printable(hello.agent_version(), kVersionLimit));
  clean.set_kernel_release(Printable(hello.kernel_release(), kKernelLimit));
  clean.set_boot_id(Printable(hello.boot_id(), kBootIdLimit));
  clean.set_balloons_unavailable(Printable(hello.balloons_unavailable(), kReasonLimit));
  return clean;
}

absl::StatusOr<Report> CleanReport(const Report& report) {
  Report clean;
  clean.set_generation(report.generation());
  if (Report::Source_IsValid(report.source())) clean.set_source(report.source());
  if (Report::Transport_IsValid(report.transport())) clean.set_transport(report.transport());
  clean.set_oom_deflates(report.oom_deflates());
  clean.set_oom_deflated_bytes(report.oom_deflated_bytes());
  clean.set_rediscards(report.rediscards());
  clean.set_broken(report.broken());
  if (report.has_memory_pressure() && IsShare(report.memory_pressure())) {
    clean.set_memory_pressure(report.memory_pressure());
  }
  for (const TierReport& tier : report.tiers()) {
    if (tier.tier() != agent::v1::TIER_FMEM && tier.tier() != agent::v1::TIER_SMEM) {
      return absl::InvalidArgumentError("a report on a tier that does not exist");
    }
    for (const TierReport& other : clean.tiers()) {
      if (other.tier() == tier.tier()) return absl::InvalidArgumentError("a report with the same tier twice");
    }
    TierReport& to = *clean.add_tiers();
    to.set_tier(tier.tier());
    to.set_node(tier.node());
    to.set_present_bytes(tier.present_bytes());
    to.set_free_bytes(tier.free_bytes());
    to.set_balloon_target_bytes(tier.balloon_target_bytes());
    to.set_balloon_bytes(tier.balloon_bytes());
    to.set_shortfall_bytes(tier.shortfall_bytes());
    if (TierReport::State_IsValid(tier.state())) to.set_state(tier.state());
    to.set_floor_bytes(tier.floor_bytes());
  }
  if (report.has_placement()) *clean.mutable_placement() = CleanPlacement(report.placement());
  return clean;
}

}  // namespace hypertier::channel
