// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  absl::StatusOr<TierView> Read(ranges::Time now);

  // What FMEM has free for programs' pages. What the kernel keeps of it is read anew for each `now`: cheap to ask again
  // during one call of the mover.
  Bytes FmemRoom(ranges::Time now);

 private:
  absl::StatusOr<TierView> ReadTiers();
  absl::StatusOr<TierView> ReadNodes() const;
  // What is to stay free of FMEM.
  Bytes Watermark(ranges::Time now, const TierView& view);
  void ReadKept(ranges::Time now, int node);

  const std::string root_;
  HyperflexDevice device_;
  // What the kernel keeps of FMEM, as of then.
  Bytes kept_;
  ranges::Time kept_at_ = ranges::Time::min();
};

}  // namespace hypertier::agent
