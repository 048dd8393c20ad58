// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/vm_series.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string_view>

#include "common/hit_curve.h"
#include "common/refusal.h"
#include "host-service/control/commitment.h"

namespace hypertier::metrics {
namespace {

void AddTier(Families& families, const std::string& vm, TierId id, const control::TierRecord& tier) {
  const auto add = [&](Metric metric, Bytes bytes) { families.Add(metric, {vm, TierName(id)}, Number(bytes)); };
  add(Metric::kTierCell, tier.cell);
  if (tier.target) add(Metric::kTierTarget, *tier.target);
  if (tier.balloon) add(Metric::kTierBalloon, *tier.balloon);
  if (tier.resident) add(Metric::kTierResident, *tier.resident);
  add(Metric::kTierReservation, tier.policy.reservation);
  if (tier.policy.limit != Bytes::Max()) add(Metric::kTierLimit, tier.policy.limit);
  add(Metric::kTierShortfall, tier.shortfall);
  add(Metric::kTierMissing, tier.missing);
  if (id == TierId::kFmem) add(Metric::kTierDisplaced, tier.displaced);
  add(Metric::kTierCharged, tier.charged);
  if (tier.compliance) {
    families.Add(Metric::kTierViolating, {vm, TierName(id)}, *tier.compliance == qos::Compliance::kViolating ? 1 : 0);
  }
}

// Whatever a guest says, there are no more words than these.
std::string_view SourceOf(const agent::v1::PlacementReport& placement) {
  if (placement.source().empty()) return "none";
  for (const std::string_view known : {"pebs", "accessed-bit", "replay"}) {
    if (placement.source() == known) return known;
  }
  return "other";
}

void AddRefusals(Families& families, const std::string& vm, const agent::v1::PlacementReport& placement) {
  // channel/sanitize.h lets no other through.
  static_assert(kRefusals == agent::v1::PlacementReport::Refusal::Reason_ARRAYSIZE);
  std::array<std::uint64_t, kRefusals> pages{};
  for (const agent::v1::PlacementReport::Refusal& refusal : placement.refusals()) {
    pages[static_cast<std::size_t>(refusal.reason())] = refusal.pages();
  }
  // Of those whose reason an older agent does not say, the reason is "other".
  const std::uint64_t said = std::accumulate(pages.begin(), pages.end(), std::uint64_t{0});
  pages[0] += placement.refused_pages() - std::min(said, placement.refused_pages());
  for (std::size_t reason = 0; reason < kRefusals; ++reason) {
    families.Add(Metric::kRefusedPages, {vm, kRefusalNames[reason]}, Number(pages[reason]));
  }
}

void AddCurve(Families& families, const control::VmRecord& vm) {
  HitCurve curve;
  for (const agent::v1::PlacementReport::CurvePoint& point : vm.placement->curve()) {
    curve.Add(Number(point.fmem_bytes()), point.share());
  }
  if (curve.empty()) return;
  for (const CellPart& part : kCellParts) {
    families.Add(Metric::kExpectedHitRatio, {vm.uuid, part.percent},
                 curve.At(part.part * Number(vm.tiers->fmem().cell)));
  }
}

void AddPlacement(Families& families, const std::string& vm, const agent::v1::PlacementReport& placement) {
  families.Add(Metric::kPlacementInfo, {vm, SourceOf(placement)}, 1);
  if (placement.has_hit_ratio()) families.Add(Metric::kHitRatio, {vm}, placement.hit_ratio());
  families.Add(Metric::kAccessRate, {vm}, placement.access_rate());
  families.Add(Metric::kHotSet, {vm}, Number(placement.hot_set_bytes()));
  families.Add(Metric::kSamples, {vm}, Number(placement.samples()));
  families.Add(Metric::kSamplesLost, {vm}, Number(placement.samples_lost()));
  families.Add(Metric::kMoved, {vm, "exchange"}, Number(placement.exchanged_bytes()));
  families.Add(Metric::kMoved, {vm, "promotion"}, Number(placement.promoted_bytes()));
  families.Add(Metric::kMoved, {vm, "demotion"}, Number(placement.demoted_bytes()));
  AddRefusals(families, vm, placement);
  families.Add(Metric::kTlbFlushes, {vm}, Number(placement.tlb_flushes()));
  const auto seconds = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e9; };
  families.Add(Metric::kPlacementCpu, {vm, "sampling"}, seconds(placement.sampling_cpu_ns()));
  families.Add(Metric::kPlacementCpu, {vm, "classification"}, seconds(placement.classification_cpu_ns()));
  families.Add(Metric::kPlacementCpu, {vm, "migration"}, seconds(placement.migration_cpu_ns()));
}

}  // namespace

void AddVm(Families& families, const control::VmRecord& vm) {
  families.Add(Metric::kVmInfo, {vm.uuid, vm.name, vm.tenant}, 1);
  if (!vm.tiers) return;
  for (const TierId tier : kTiers) AddTier(families, vm.uuid, tier, (*vm.tiers)[tier]);
  if (control::NeedsAgent(vm)) {
    families.Add(Metric::kAgentUp, {vm.uuid}, vm.agent.link == control::LinkState::kUp ? 1 : 0);
  }
  families.Add(Metric::kLinkResets, {vm.uuid}, Number(vm.agent.link_resets));
  families.Add(Metric::kImplausible, {vm.uuid}, Number(vm.agent.implausible_figures));
  if (vm.agent.oom_deflates) families.Add(Metric::kOomDeflates, {vm.uuid}, Number(*vm.agent.oom_deflates));
  if (vm.agent.oom_deflated) families.Add(Metric::kOomDeflatedBytes, {vm.uuid}, Number(*vm.agent.oom_deflated));
  if (vm.agent.memory_pressure) families.Add(Metric::kMemoryPressure, {vm.uuid}, *vm.agent.memory_pressure);
  if (vm.placement == nullptr) return;
  AddPlacement(families, vm.uuid, *vm.placement);
  AddCurve(families, vm);
}

}  // namespace hypertier::metrics
