// SPDX-License-Identifier: Apache-2.0
#include "host-service/metrics/host_series.h"

#include <array>
#include <optional>
#include <string>

#include "host-service/control/commitment.h"
#include "host-service/control/sums.h"
#include "host-service/control/tenant_figures.h"
#include "host-service/control/words.h"
#include "host-service/qos/admission.h"

namespace hypertier::metrics {
namespace {

// Numbers of VMs.
struct Tallies {
  std::array<std::uint64_t, 3> management{};
  PerTier<std::array<std::uint64_t, 4>> compliance;
  std::uint64_t agents_up = 0;
  std::uint64_t agents_down = 0;

  void Add(const control::VmRecord& vm) {
    ++management[static_cast<std::size_t>(vm.management)];
    if (!vm.tiers) return;
    for (const TierId id : kTiers) {
      const std::optional<qos::Compliance>& known = (*vm.tiers)[id].compliance;
      if (known) ++compliance[id][static_cast<std::size_t>(*known)];
    }
    if (control::NeedsAgent(vm)) ++(vm.agent.link == control::LinkState::kUp ? agents_up : agents_down);
  }
};

void AddTallies(Families& families, const Tallies& tallies) {
  for (std::size_t i = 0; i < tallies.management.size(); ++i) {
    families.Add(Metric::kVms, {control::WordOf(static_cast<control::Management>(i))}, Number(tallies.management[i]));
  }
  for (const TierId id : kTiers) {
    for (std::size_t i = 0; i < tallies.compliance[id].size(); ++i) {
      const std::string_view word = control::WordOf(static_cast<qos::Compliance>(i));
      families.Add(Metric::kComplianceVms, {TierName(id), word}, Number(tallies.compliance[id][i]));
    }
  }
  families.Add(Metric::kAgents, {"up"}, Number(tallies.agents_up));
  families.Add(Metric::kAgents, {"down"}, Number(tallies.agents_down));
}

void AddTenant(Families& families, const std::string& id, const control::TenantFigures& figures, bool terms_known) {
  families.Add(Metric::kTenantVms, {id}, Number(std::uint64_t{figures.sums.vms}));
  for (const TierId tier : kTiers) {
    const auto add = [&](Metric metric, Bytes bytes) { families.Add(metric, {id, TierName(tier)}, Number(bytes)); };
    const control::TierSums& sums = figures.sums.tiers[tier];
    add(Metric::kTenantTarget, sums.target);
    add(Metric::kTenantResident, sums.resident);
    add(Metric::kTenantBurst, sums.burst);
    add(Metric::kTenantMissing, sums.missing);
    if (figures.record == nullptr || !terms_known) continue;
    add(Metric::kTenantReservation, figures.terms[tier].reservation);
    add(Metric::kTenantVmsReservation, figures.vms_reservation[tier]);
    if (figures.terms[tier].limit != Bytes::Max()) add(Metric::kTenantLimit, figures.terms[tier].limit);
  }
}

}  // namespace

void AddHost(Families& families, const control::FleetSnapshot& fleet) {
  const qos::Snapshot commitments = control::CommitmentsOf(fleet);
  const bool known = fleet.host->capacity.has_value();
  families.Add(Metric::kHostDegraded, {}, control::IsDegraded(fleet, commitments) ? 1 : 0);
  families.Add(Metric::kHostMaintenance, {}, fleet.host->maintenance ? 1 : 0);
  const auto tenants = control::TenantsOf(fleet, commitments);
  control::Sums sums;
  for (const auto& [id, figures] : tenants) sums += figures.sums;
  Tallies tallies;
  for (const control::VmPtr& vm : fleet.vms) tallies.Add(*vm);
  AddTallies(families, tallies);
  if (const std::optional<double> ratio = sums.HitRatio()) families.Add(Metric::kHostHitRatio, {}, *ratio);
  const PerTier<Bytes> reserved = qos::Reserved(commitments);
  for (const TierId tier : kTiers) {
    const auto add = [&](Metric metric, Bytes bytes) { families.Add(metric, {TierName(tier)}, Number(bytes)); };
    const control::TierSums& of = sums.tiers[tier];
    add(Metric::kHostTarget, of.target);
    add(Metric::kHostCharged, of.charged);
    add(Metric::kHostResident, of.resident);
    add(Metric::kHostBurst, of.burst);
    add(Metric::kHostMissing, of.missing);
    if (!known) continue;
    add(Metric::kHostCapacity, commitments.capacity[tier]);
    add(Metric::kHostReservation, reserved[tier]);
    add(Metric::kHostFree, commitments.capacity[tier] - of.charged);
  }
  for (const auto& [id, figures] : tenants) AddTenant(families, id, figures, known);
}

}  // namespace hypertier::metrics
