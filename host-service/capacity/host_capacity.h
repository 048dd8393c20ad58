// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier {

struct CapacityOptions {
  // Before every path; "" in production.
  std::string root;
  // Of the tier on this host, whatever the kernel says; not set: the sum of its nodes.
  PerTier<std::optional<Bytes>> size;
  // The tier's nodes; empty: found.
  PerTier<std::vector<int>> nodes;
  // For the host itself: its kernel, QEMU's own memory, other services.
  PerTier<Bytes> reserve;
};

// What VMs may have of each tier. Nodes that nobody has named are found by the kernel's memory tiers: the fastest tier
// is FMEM, all others are SMEM; where the kernel has no tiers (before 6.1), nodes with CPUs are FMEM. An error when
// nothing is left of a tier or something cannot be read: targets planned for it would take from guests all that they
// have. It says what to configure.
absl::StatusOr<PerTier<Bytes>> FindCapacity(const CapacityOptions& options);

// The tiers' nodes, as above; a tier may have none.
absl::StatusOr<PerTier<std::vector<int>>> TierNodes(const CapacityOptions& options);

}  // namespace hypertier
