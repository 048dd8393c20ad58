// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/collector.h"

#include "host-service/metrics/families.h"
#include "host-service/metrics/host_series.h"

namespace hypertier::metrics {
namespace {

using prometheus::MetricFamily;

void AddTier(Families& families, const std::string& vm, TierId id, const control::TierRecord& tier) {
  const auto add = [&](Metric metric, Bytes bytes) { families.Add(metric, {vm, TierName(id)}, Number(bytes)); };
  add(Metric::kTierCell, tier.cell);
  if (tier.target) add(Metric::kTierTarget, *tier.target);
  if (tier.balloon) add(Metric::kTierBalloon, *tier.balloon);
  if (tier.resident) add(Metric::kTierResident, *tier.resident);
  add(Metric::kTierShortfall, tier.shortfall);
  if (id == TierId::kFmem) add(Metric::kTierDisplaced, tier.displaced);
  add(Metric::kTierCharged, tier.charged);
  if (tier.compliance) {
    families.Add(Metric::kTierViolating, {vm, TierName(id)}, *tier.compliance == qos::Compliance::kViolating ? 1 : 0);
  }
}

void AddPlacement(Families& families, const std::string& vm, const agent::v1::PlacementReport& placement) {
  families.Add(Metric::kPlacementInfo, {vm, placement.source().empty() ? "none" : placement.source()}, 1);
  if (placement.has_hit_ratio()) families.Add(Metric::kHitRatio, {vm}, placement.hit_ratio());
  families.Add(Metric::kAccessRate, {vm}, placement.access_rate());
  families.Add(Metric::kHotSet, {vm}, Number(placement.hot_set_bytes()));
  families.Add(Metric::kSamples, {vm}, Number(placement.samples()));
  families.Add(Metric::kSamplesLost, {vm}, Number(placement.samples_lost()));
  families.Add(Metric::kMoved, {vm, "exchange"}, Number(placement.exchanged_bytes()));
  families.Add(Metric::kMoved, {vm, "promotion"}, Number(placement.promoted_bytes()));
  families.Add(Metric::kMoved, {vm, "demotion"}, Number(placement.demoted_bytes()));
  families.Add(Metric::kRefusedPages, {vm}, Number(placement.refused_pages()));
  families.Add(Metric::kTlbFlushes, {vm}, Number(placement.tlb_flushes()));
  const auto seconds = [](std::uint64_t ns) { return static_cast<double>(ns) / 1e9; };
  families.Add(Metric::kPlacementCpu, {vm, "sampling"}, seconds(placement.sampling_cpu_ns()));
  families.Add(Metric::kPlacementCpu, {vm, "classification"}, seconds(placement.classification_cpu_ns()));
  families.Add(Metric::kPlacementCpu, {vm, "migration"}, seconds(placement.migration_cpu_ns()));
}

void AddVm(Families& families, const control::VmRecord& vm) {
  families.Add(Metric::kVmInfo, {vm.uuid, vm.name, vm.tenant}, 1);
  if (!vm.tiers) return;
  for (const TierId tier : kTiers) AddTier(families, vm.uuid, tier, (*vm.tiers)[tier]);
  families.Add(Metric::kAgentUp, {vm.uuid}, vm.agent.link == control::LinkState::kUp ? 1 : 0);
  families.Add(Metric::kLinkResets, {vm.uuid}, Number(vm.agent.link_resets));
  families.Add(Metric::kImplausible, {vm.uuid}, Number(vm.agent.implausible_figures));
  families.Add(Metric::kOomDeflates, {vm.uuid}, Number(vm.agent.oom_deflates));
  families.Add(Metric::kOomDeflatedBytes, {vm.uuid}, Number(vm.agent.oom_deflated));
  families.Add(Metric::kMemoryPressure, {vm.uuid}, vm.agent.memory_pressure);
  if (vm.placement != nullptr) AddPlacement(families, vm.uuid, *vm.placement);
}

}  // namespace

std::vector<MetricFamily> Collector::Collect() const {
  const control::SnapshotPtr snapshot = source_->Snapshot();
  Families families;
  families.Add(Metric::kBuildInfo, {version_}, 1);
  families.Add(Metric::kConfigInForce, {}, snapshot->host->config_problem.empty() ? 1 : 0);
  AddHost(families, *snapshot);
  families.Add(Metric::kLibvirtConnected, {}, snapshot->connected ? 1 : 0);

  double managed = 0;
  double waiting = 0;
  double unmanaged = 0;
  for (const control::VmPtr& vm : snapshot->vms) {
    AddVm(families, *vm);
    (vm->management == control::Management::kManaged   ? managed
     : vm->management == control::Management::kWaiting ? waiting
                                                       : unmanaged) += 1;
  }
  families.Add(Metric::kVms, {"managed"}, managed);
  families.Add(Metric::kVms, {"waiting"}, waiting);
  families.Add(Metric::kVms, {"unmanaged"}, unmanaged);

  families.Add(Metric::kOperations, {"succeeded"}, Number(snapshot->counts.succeeded));
  families.Add(Metric::kOperations, {"failed"}, Number(snapshot->counts.failed));
  families.Add(Metric::kOperations, {"cancelled"}, Number(snapshot->counts.cancelled));
  families.Add(Metric::kOperationsRunning, {}, Number(snapshot->counts.running));

  for (std::size_t method = 0; method < kRpcMethodNames.size(); ++method) {
    for (std::size_t code = 0; code < kRpcCodeNames.size(); ++code) {
      const std::uint64_t count = rpcs_->Get(method, code);
      // OK is there from the start, so that a rate over it has a beginning.
      if (count != 0 || code == 0)
        families.Add(Metric::kRpc, {kRpcMethodNames[method], kRpcCodeNames[code]}, Number(count));
    }
  }
  return std::move(families).Take();
}

}  // namespace hypertier::metrics
