// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/collectable.h>

#include <string>

#include "host-service/control/period_stats.h"
#include "host-service/control/snapshot.h"
#include "host-service/ledger/ledger.h"
#include "host-service/libvirt/call_stats.h"
#include "host-service/metrics/event_counts.h"
#include "host-service/metrics/rpc_stats.h"

namespace hypertier::metrics {

// Renders the newest snapshot whenever Prometheus asks; nothing is kept up to date in between.
class Collector : public prometheus::Collectable {
 public:
  struct Sources {
    const control::SnapshotSource* fleet;
    const control::PeriodStats* periods;
    const EventCounts* events;
    const LibvirtCallStats* libvirt;
    const RpcStats* rpcs;
    const Ledger* ledger;
  };
  struct Options {
    std::string version;
    // metrics.per_vm: series of each VM.
    bool per_vm = true;
  };

  // The sources outlive the collector.
  Collector(const Sources& sources, Options options) : sources_(sources), options_(std::move(options)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const Sources sources_;
  const Options options_;
};

}  // namespace hypertier::metrics
