// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/host_series.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>

#include "host-service/control/commitment.h"
#include "host-service/qos/admission.h"

namespace hypertier::metrics {
namespace {

// Sums over VMs; `burst` and `missing` over planned ones.
struct Sums {
  std::uint64_t vms = 0;
  PerTier<Bytes> target;
  PerTier<Bytes> charged;
  PerTier<Bytes> resident;
  PerTier<Bytes> burst;
  PerTier<Bytes> missing;

  void Add(const control::VmRecord& vm) {
    ++vms;
    for (const TierId id : kTiers) {
      const control::TierRecord& tier = (*vm.tiers)[id];
      charged[id] += tier.charged;
      missing[id] += tier.missing;
      if (tier.target) target[id] += *tier.target;
      if (tier.resident) resident[id] += *tier.resident;
      if (vm.mode == policy::Mode::kAuto && tier.target) burst[id] += *tier.target - tier.policy.reservation;
    }
  }
};

// Numbers of VMs, and what their programs do.
struct Tallies {
  std::array<std::uint64_t, 3> management{};
  PerTier<std::array<std::uint64_t, 4>> compliance;
  std::uint64_t agents_up = 0;
  std::uint64_t agents_down = 0;
  // Accesses a second, and those of them that FMEM serves.
  double accesses = 0;
  double hits = 0;

  void Add(const control::VmRecord& vm) {
    ++management[static_cast<std::size_t>(vm.management)];
    if (!vm.tiers) return;
    for (const TierId id : kTiers) {
      const std::optional<qos::Compliance>& known = (*vm.tiers)[id].compliance;
      if (known) ++compliance[id][static_cast<std::size_t>(*known)];
    }
    // A VM with virtio-mem may do without.
    const bool needs_agent = vm.provisioner == domain::Provisioner::kDoubleBalloon;
    if (needs_agent && vm.state == DomainState::kRunning)
      ++(vm.agent.link == control::LinkState::kUp ? agents_up : agents_down);
    if (vm.placement == nullptr || !vm.placement->has_hit_ratio()) return;
    accesses += vm.placement->access_rate();
    hits += vm.placement->access_rate() * vm.placement->hit_ratio();
  }
};

void AddTallies(Families& families, const Tallies& tallies) {
  // In the orders of control::Management and qos::Compliance.
  constexpr std::array<std::string_view, 3> kManagement = {"managed", "waiting", "unmanaged"};
  constexpr std::array<std::string_view, 4> kCompliance = {"compliant", "lagging", "violating", "confined"};
  for (std::size_t i = 0; i < kManagement.size(); ++i) {
    families.Add(Metric::kVms, {kManagement[i]}, Number(tallies.management[i]));
  }
  for (const TierId id : kTiers) {
    for (std::size_t i = 0; i < kCompliance.size(); ++i) {
      families.Add(Metric::kComplianceVms, {TierName(id), kCompliance[i]}, Number(tallies.compliance[id][i]));
    }
  }
  families.Add(Metric::kAgents, {"up"}, Number(tallies.agents_up));
  families.Add(Metric::kAgents, {"down"}, Number(tallies.agents_down));
  if (tallies.accesses > 0) families.Add(Metric::kHostHitRatio, {}, tallies.hits / tallies.accesses);
}

// No new VM should come here.
bool IsDegraded(const control::FleetSnapshot& fleet, const qos::Snapshot* commitments) {
  if (!fleet.connected || !fleet.synced || fleet.host->policy.empty()) return true;
  if (commitments == nullptr) return true;
  // That one tenant has more than its limit closes the host to nobody else.
  const PerTier<Bytes> reserved = qos::Reserved(*commitments);
  return reserved.fmem() > commitments->capacity.fmem() || reserved.smem() > commitments->capacity.smem();
}

void AddTerms(Families& families, const control::FleetSnapshot& fleet, const qos::Snapshot& commitments) {
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
  Tallies tallies;
  std::map<std::string, Sums> of_tenants;
  for (const auto& [tenant, terms] : *fleet.tenants) of_tenants[tenant];
  for (const control::VmPtr& vm : fleet.vms) {
    tallies.Add(*vm);
    if (!vm->tiers) continue;
    sums.Add(*vm);
    of_tenants[vm->tenant].Add(*vm);
  }
  AddTallies(families, tallies);
  for (const TierId id : kTiers) {
    families.Add(Metric::kHostTarget, {TierName(id)}, Number(sums.target[id]));
    families.Add(Metric::kHostCharged, {TierName(id)}, Number(sums.charged[id]));
    families.Add(Metric::kHostResident, {TierName(id)}, Number(sums.resident[id]));
    families.Add(Metric::kHostBurst, {TierName(id)}, Number(sums.burst[id]));
    families.Add(Metric::kHostMissing, {TierName(id)}, Number(sums.missing[id]));
    for (const auto& [tenant, of] : of_tenants) {
      const std::initializer_list<std::string_view> labels{tenant, TierName(id)};
      families.Add(Metric::kTenantTarget, labels, Number(of.target[id]));
      families.Add(Metric::kTenantResident, labels, Number(of.resident[id]));
      families.Add(Metric::kTenantBurst, labels, Number(of.burst[id]));
      families.Add(Metric::kTenantMissing, labels, Number(of.missing[id]));
    }
  }
  for (const auto& [tenant, of] : of_tenants) families.Add(Metric::kTenantVms, {tenant}, Number(of.vms));
  if (!commitments) return;
  const PerTier<Bytes> reserved = qos::Reserved(*commitments);
  for (const TierId id : kTiers) {
    families.Add(Metric::kHostCapacity, {TierName(id)}, Number(commitments->capacity[id]));
    families.Add(Metric::kHostReservation, {TierName(id)}, Number(reserved[id]));
    families.Add(Metric::kHostFree, {TierName(id)}, Number(commitments->capacity[id] - sums.charged[id]));
  }
  AddTerms(families, fleet, *commitments);
}

}  // namespace hypertier::metrics
