// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/collector.h"

#include "host-service/control/words.h"
#include "host-service/metrics/families.h"
#include "host-service/metrics/host_series.h"
#include "host-service/metrics/process_series.h"
#include "host-service/metrics/vm_series.h"

namespace hypertier::metrics {
namespace {

// All that is counted begins at 0 and not with its first event: a rate over it has a beginning.
void AddEvents(Families& families, const EventCounts& events) {
  for (std::size_t i = 0; i < control::kEventKinds; ++i) {
    const auto kind = static_cast<control::EventKind>(i);
    families.Add(Metric::kVmEvents, {control::WordOf(kind)}, Number(events.Get(kind)));
  }
}

void AddOperations(Families& families, const control::OperationCounts& counts) {
  families.Add(Metric::kOperations, {"succeeded"}, Number(counts.succeeded));
  families.Add(Metric::kOperations, {"failed"}, Number(counts.failed));
  families.Add(Metric::kOperations, {"cancelled"}, Number(counts.cancelled));
  families.Add(Metric::kOperationsRunning, {}, Number(counts.running));
}

void AddLibvirt(Families& families, const LibvirtCallStats& calls) {
  for (std::size_t call = 0; call < kLibvirtCalls; ++call) {
    const LibvirtCallStats::Of& of = calls.of(call);
    families.Add(Metric::kLibvirtDuration, {kLibvirtCallNames[call]}, of.durations);
    families.Add(Metric::kLibvirtTimeouts, {kLibvirtCallNames[call]}, Number(of.timeouts.load()));
    families.Add(Metric::kLibvirtFailures, {kLibvirtCallNames[call]}, Number(of.failures.load()));
  }
}

void AddRpcs(Families& families, const RpcStats& rpcs) {
  for (std::size_t method = 0; method < kRpcMethodNames.size(); ++method) {
    std::uint64_t answered = 0;
    for (std::size_t code = 0; code < kRpcCodeNames.size(); ++code) {
      const std::uint64_t count = rpcs.Get(method, code);
      answered += count;
      // Of the many codes only OK is there from the start.
      if (count != 0 || code == 0)
        families.Add(Metric::kRpc, {kRpcMethodNames[method], kRpcCodeNames[code]}, Number(count));
    }
    if (answered != 0) families.Add(Metric::kRpcDuration, {kRpcMethodNames[method]}, rpcs.duration(method));
  }
}

}  // namespace

std::vector<prometheus::MetricFamily> Collector::Collect() const {
  const control::SnapshotPtr fleet = sources_.fleet->Snapshot();
  Families families(options_.per_vm ? fleet->vms.size() : 0);
  families.Add(Metric::kBuildInfo, {options_.version}, 1);
  families.Add(Metric::kConfigInForce, {}, fleet->host->config_problem.empty() ? 1 : 0);
  families.Add(Metric::kLibvirtConnected, {}, fleet->connected ? 1 : 0);
  families.Add(Metric::kLedgerWritable, {}, sources_.ledger->Writable() ? 1 : 0);
  AddHost(families, *fleet);
  AddEvents(families, *sources_.events);
  if (options_.per_vm) {
    for (const control::VmPtr& vm : fleet->vms) AddVm(families, *vm);
  }
  families.Add(Metric::kPeriodLag, {}, sources_.periods->lag_seconds());
  families.Add(Metric::kPlanDuration, {}, sources_.periods->durations());
  AddLibvirt(families, *sources_.libvirt);
  AddOperations(families, fleet->counts);
  AddRpcs(families, *sources_.rpcs);
  AddProcess(families);
  return std::move(families).Take();
}

}  // namespace hypertier::metrics
