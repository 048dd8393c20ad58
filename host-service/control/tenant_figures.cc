// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/tenant_figures.h"

#include <optional>

namespace hypertier::control {
namespace {

policy::Terms WithoutPercentages(policy::Terms terms) {
  for (const TierId tier : kTiers) {
    for (std::optional<policy::Amount>* amount : {&terms[tier].reservation, &terms[tier].limit}) {
      if (*amount && (*amount)->percent()) amount->reset();
    }
  }
  return terms;
}

}  // namespace

std::map<std::string, TenantFigures> TenantsOf(const FleetSnapshot& fleet, const qos::Snapshot& commitments) {
  std::map<std::string, TenantFigures> tenants;
  for (const auto& [id, record] : *fleet.tenants) tenants[id].record = &record;
  for (const VmPtr& vm : fleet.vms) tenants[vm->tenant].sums.Add(*vm);
  for (const qos::Vm& vm : commitments.vms) {
    TenantFigures& tenant = tenants[commitments.tenants[vm.tenant].name];
    for (const TierId tier : kTiers) tenant.vms_reservation[tier] += vm.policy[tier].reservation;
  }
  const std::optional<PerTier<Bytes>>& capacity = fleet.host->capacity;
  for (auto& [id, tenant] : tenants) {
    const policy::Terms said = tenant.record == nullptr ? policy::Terms() : tenant.record->terms;
    tenant.terms = policy::Resolve(capacity ? said : WithoutPercentages(said), capacity.value_or(PerTier<Bytes>{}));
  }
  return tenants;
}

}  // namespace hypertier::control
