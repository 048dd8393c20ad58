// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/collectable.h>

#include <string>

#include "host-service/control/snapshot.h"
#include "host-service/metrics/rpc_stats.h"

namespace hypertier::metrics {

// Renders the newest snapshot whenever Prometheus asks; nothing is kept up to date in between.
class Collector : public prometheus::Collectable {
 public:
  // Both outlive the collector.
  Collector(const control::SnapshotSource* source, const RpcStats* rpcs, std::string version)
      : source_(source), rpcs_(rpcs), version_(std::move(version)) {}

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const control::SnapshotSource* const source_;
  const RpcStats* const rpcs_;
  const std::string version_;
};

}  // namespace hypertier::metrics
