// SPDX-License-Identifier: Apache-2.0
#include "host-service/policy/resolve.h"

#include <fmt/format.h>

#include <algorithm>

namespace hypertier::policy {
namespace {

// `first`, with what it leaves open from `then`.
template <typename T>
void Complete(std::optional<T>& first, const std::optional<T>& then) {
  if (!first) first = then;
}

void Complete(Terms& first, const Terms& then) {
  for (const TierId tier : kTiers) {
    Complete(first[tier].reservation, then[tier].reservation);
    Complete(first[tier].limit, then[tier].limit);
    Complete(first[tier].shares, then[tier].shares);
  }
}

}  // namespace

PerTier<qos::TierPolicy> Resolve(const Terms& tenant, const PerTier<Bytes>& capacity) {
  PerTier<qos::TierPolicy> tiers;
  for (const TierId tier : kTiers) {
    const TierTerms& said = tenant[tier];
    if (said.limit) tiers[tier].limit = said.limit->In(capacity[tier]);
    if (said.reservation) tiers[tier].reservation = std::min(said.reservation->In(capacity[tier]), tiers[tier].limit);
    if (said.shares) tiers[tier].shares = *said.shares;
  }
  return tiers;
}

Promise Resolve(std::span<const VmTerms> by_authority, const Classes& classes, const PerTier<Bytes>& cells) {
  Promise promise;
  std::optional<Mode> mode;
  std::string name;
  Terms said;
  for (const VmTerms& terms : by_authority) {
    Complete(mode, terms.mode);
    if (name.empty()) name = terms.qos_class;
    Complete(said, terms.terms);
  }
  if (!name.empty()) {
    const auto found = classes.find(name);
    if (found != classes.end()) {
      Complete(said, found->second);
    } else {
      promise.problems.push_back(fmt::format(
          "class \"{}\": the configuration has no [class.{}]; it is as if the VM had no class", name, name));
    }
  }
  promise.mode = mode.value_or(Mode::kStatic);
  promise.tiers = Resolve(said, cells);
  for (const TierId tier : kTiers) {
    qos::TierPolicy& policy = promise.tiers[tier];
    policy.limit = std::min(policy.limit, cells[tier]);
    if (!said[tier].reservation) continue;
    const Bytes wanted = said[tier].reservation->In(cells[tier]);
    policy.reservation = std::min(wanted, policy.limit);
    if (wanted == policy.reservation) continue;
    promise.problems.push_back(fmt::format("{} reservation {}: more than its limit, {}, which holds", TierName(tier),
                                           FormatBytes(wanted), FormatBytes(policy.limit)));
  }
  return promise;
}

}  // namespace hypertier::policy
