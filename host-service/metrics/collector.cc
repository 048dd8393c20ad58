// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/collector.h"

#include <prometheus/metric_family.h>

#include <initializer_list>

#include "host-service/metrics/table.h"

namespace hypertier::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

// One family for each line of the table, filled series by series.
class Families {
 public:
  Families() : families_(kDefinitions.size()) {
    for (const Definition& definition : kDefinitions) {
      MetricFamily& family = families_[static_cast<std::size_t>(definition.metric)];
      family.name = definition.name;
      family.help = definition.help;
      family.type = definition.counter ? MetricType::Counter : MetricType::Gauge;
    }
  }

  // `values`: of the metric's labels, in the table's order.
  void Add(Metric metric, std::initializer_list<std::string_view> values, double value) {
    const Definition& definition = DefinitionOf(metric);
    ClientMetric series;
    series.label.reserve(values.size());
    std::string_view names = definition.labels;
    for (const std::string_view label : values) {
      const std::size_t comma = std::min(names.find(','), names.size());
      series.label.push_back({std::string(names.substr(0, comma)), std::string(label)});
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
    (definition.counter ? series.counter.value : series.gauge.value) = value;
    families_[static_cast<std::size_t>(metric)].metric.push_back(std::move(series));
  }

  // Without the families that have nothing to show.
  std::vector<MetricFamily> Take() && {
    std::erase_if(families_, [](const MetricFamily& family) { return family.metric.empty(); });
    return std::move(families_);
  }

 private:
  std::vector<MetricFamily> families_;
};

double Number(Bytes bytes) {
  return static_cast<double>(bytes.count());
}
double Number(std::uint64_t count) {
  return static_cast<double>(count);
}

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
