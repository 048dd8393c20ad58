// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/host_series.h"

#include <algorithm>
#include <string>

#include "host-service/control/commitment.h"
#include "host-service/qos/admission.h"

namespace hypertier::metrics {
namespace {

// Sums over planned VMs, and over all in `charged`.
struct Sums {
  PerTier<Bytes> charged;
  PerTier<Bytes> burst;
  PerTier<Bytes> missing;
  // Accesses a second, and those of them that FMEM serves.
  double accesses = 0;
  double hits = 0;

  void Add(const control::VmRecord& vm) {
    if (!vm.tiers) return;
    for (const TierId id : kTiers) {
      const control::TierRecord& tier = (*vm.tiers)[id];
      charged[id] += tier.charged;
      missing[id] += tier.missing;
      if (vm.mode == policy::Mode::kAuto && tier.target) burst[id] += *tier.target - tier.policy.reservation;
    }
    if (vm.placement == nullptr || !vm.placement->has_hit_ratio()) return;
    accesses += vm.placement->access_rate();
    hits += vm.placement->access_rate() * vm.placement->hit_ratio();
  }
};

// No new VM should come here.
bool IsDegraded(const control::FleetSnapshot& fleet, const qos::Snapshot* commitments) {
  if (!fleet.connected || !fleet.synced || fleet.host->policy.empty()) return true;
  if (commitments == nullptr) return true;
  // That one tenant has more than its limit closes the host to nobody else.
  const PerTier<Bytes> reserved = qos::Reserved(*commitments);
  return reserved.fmem() > commitments->capacity.fmem() || reserved.smem() > commitments->capacity.smem();
}

void AddTenants(Families& families, const control::FleetSnapshot& fleet, const qos::Snapshot& commitments) {
  std::vector<PerTier<Bytes>> of_vms(commitments.tenants.size());
  for (const qos::Vm& vm : commitments.vms) {
    for (const TierId id : kTiers) of_vms[vm.tenant][id] += vm.policy[id].reservation;
  }
  for (std::size_t t = 0; t < commitments.tenants.size(); ++t) {
    const qos::Tenant& tenant = commitments.tenants[t];
    if (!fleet.tenants->contains(tenant.name)) continue;
    for (const TierId id : kTiers) {
      const std::initializer_list<std::string_view> labels{tenant.name, TierName(id)};
      families.Add(Metric::kTenantReservation, labels, Number(tenant.policy[id].reservation));
      families.Add(Metric::kTenantVmsReservation, labels, Number(of_vms[t][id]));
      if (tenant.policy[id].limit != Bytes::Max()) {
        families.Add(Metric::kTenantLimit, labels, Number(tenant.policy[id].limit));
      }
    }
  }
}

}  // namespace

void AddHost(Families& families, const control::FleetSnapshot& fleet) {
  std::optional<qos::Snapshot> commitments;
  if (fleet.host->capacity) commitments = control::CommitmentsOf(fleet);
  families.Add(Metric::kHostDegraded, {}, IsDegraded(fleet, commitments ? &*commitments : nullptr) ? 1 : 0);
  families.Add(Metric::kHostMaintenance, {}, fleet.host->maintenance ? 1 : 0);
  Sums sums;
  for (const control::VmPtr& vm : fleet.vms) sums.Add(*vm);
  for (const TierId id : kTiers) {
    families.Add(Metric::kHostCharged, {TierName(id)}, Number(sums.charged[id]));
    families.Add(Metric::kHostBurst, {TierName(id)}, Number(sums.burst[id]));
    families.Add(Metric::kHostMissing, {TierName(id)}, Number(sums.missing[id]));
  }
  if (sums.accesses > 0) families.Add(Metric::kHostHitRatio, {}, sums.hits / sums.accesses);
  if (!commitments) return;
  const PerTier<Bytes> reserved = qos::Reserved(*commitments);
  for (const TierId id : kTiers) {
    families.Add(Metric::kHostCapacity, {TierName(id)}, Number(commitments->capacity[id]));
    families.Add(Metric::kHostReservation, {TierName(id)}, Number(reserved[id]));
  }
  AddTenants(families, fleet, *commitments);
}

}  // namespace hypertier::metrics
