// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "guest-agent/hyperflex/device.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// The two tiers of this guest as placement sees them.
struct TierView {
  // Guest NUMA nodes.
  PerTier<int> nodes;
  ranges::TierCapacity capacity;
  // What the FMEM balloon has still to take.
  Bytes vacate;
};

// Reads the tiers: from hyperflex, whose one small file has it all; without it (a guest with another balloon, or with
// none) from sysfs, where the node that has CPUs is FMEM and the one without is SMEM.
class TierReader {
 public:
  TierReader(std::string root, std::string device) : root_(std::move(root)), device_(root_, std::move(device)) {}

  // FailedPrecondition: this guest does not have one node of each kind; says what it has.
  absl::StatusOr<TierView> Read();

 private:
  absl::StatusOr<TierView> ReadNodes();
  Bytes Watermark(Bytes usable);

  const std::string root_;
  HyperflexDevice device_;
  std::optional<Bytes> min_free_;
};

}  // namespace hypertier::agent
