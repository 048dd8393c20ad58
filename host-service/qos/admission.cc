// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/admission.h"

#include <fmt/format.h>

#include <algorithm>

namespace hypertier::qos {
namespace {

// Reservations of one tier.
struct Reservations {
  Bytes host;
  // Of its VMs.
  std::vector<Bytes> tenants;
};

Reservations Sum(const Snapshot& snapshot, TierId tier) {
  Reservations sum;
  sum.tenants.resize(snapshot.tenants.size());
  for (const Vm& vm : snapshot.vms) sum.tenants[vm.tenant] += vm.policy[tier].reservation;
  for (std::size_t t = 0; t < snapshot.tenants.size(); ++t) {
    sum.host += std::max(snapshot.tenants[t].policy[tier].reservation, sum.tenants[t]);
  }
  return sum;
}

std::string HostSentence(TierId tier, Bytes reserved, Bytes capacity) {
  return fmt::format("{}: {} are reserved on this host, which has {}", TierName(tier), FormatBytes(reserved),
                     FormatBytes(capacity));
}

}  // namespace

std::string TenantSentence(TierId tier, const Tenant& tenant, Bytes reserved) {
  return fmt::format("{}: {} are reserved by the VMs of tenant {}, whose limit is {}", TierName(tier),
                     FormatBytes(reserved), tenant.name, FormatBytes(tenant.policy[tier].limit));
}

std::vector<std::string> Unmet(const Snapshot& snapshot) {
  std::vector<std::string> unmet;
  for (const TierId tier : kTiers) {
    const Reservations sum = Sum(snapshot, tier);
    if (sum.host > snapshot.capacity[tier]) unmet.push_back(HostSentence(tier, sum.host, snapshot.capacity[tier]));
    for (std::size_t t = 0; t < sum.tenants.size(); ++t) {
      const Tenant& tenant = snapshot.tenants[t];
      if (sum.tenants[t] > tenant.policy[tier].limit) unmet.push_back(TenantSentence(tier, tenant, sum.tenants[t]));
    }
  }
  return unmet;
}

std::vector<std::string> WouldBeUnmet(const Snapshot& snapshot, std::size_t tenant, const PerTier<TierPolicy>& policy) {
  std::vector<std::string> unmet;
  for (const TierId tier : kTiers) {
    const Bytes more = policy[tier].reservation;
    if (more > policy[tier].limit) {
      unmet.push_back(fmt::format("{}: a reservation of {} is above the VM's own limit of {}", TierName(tier),
                                  FormatBytes(more), FormatBytes(policy[tier].limit)));
      continue;
    }
    if (more == Bytes()) continue;
    const Tenant& of = snapshot.tenants[tenant];
    const Reservations sum = Sum(snapshot, tier);
    const Bytes by_vms = sum.tenants[tenant] + more;
    if (by_vms > of.policy[tier].limit) unmet.push_back(TenantSentence(tier, of, by_vms));
    // Out of what the tenant has reserved anyway it takes nothing from anybody.
    const Bytes own = of.policy[tier].reservation;
    const Bytes added = std::max(own, by_vms) - std::max(own, sum.tenants[tenant]);
    if (added > Bytes() && sum.host + added > snapshot.capacity[tier]) {
      unmet.push_back(HostSentence(tier, sum.host + added, snapshot.capacity[tier]));
    }
  }
  return unmet;
}

PerTier<Bytes> Reserved(const Snapshot& snapshot) {
  return {Sum(snapshot, TierId::kFmem).host, Sum(snapshot, TierId::kSmem).host};
}

}  // namespace hypertier::qos
