// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "host-service/policy/terms.h"
#include "host-service/qos/model.h"

namespace hypertier::policy {

// Bundles of terms that the configuration has names for.
using Classes = std::map<std::string, Terms, std::less<>>;

// What comes of all that was said about a VM.
struct Promise {
  Mode mode = Mode::kStatic;
  PerTier<qos::TierPolicy> tiers;
  // What was said and cannot be, each with what holds instead.
  std::vector<std::string> problems;

  friend bool operator==(const Promise&, const Promise&) = default;
};

// Each thing is taken from the first of `by_authority` that says it, then from the class that the first of them to
// name one names; without any: mode static, no reservation, the cell as limit, and one share. A limit holds against a
// reservation, and the cell against both.
Promise Resolve(std::span<const VmTerms> by_authority, const Classes& classes, const PerTier<Bytes>& cells);

// The same for a tenant, whose percentages are of what the host has.
PerTier<qos::TierPolicy> Resolve(const Terms& tenant, const PerTier<Bytes>& capacity);

}  // namespace hypertier::policy
