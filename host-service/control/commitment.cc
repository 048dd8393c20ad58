// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/commitment.h"

#include <algorithm>
#include <set>

#include "host-service/control/charge.h"
#include "host-service/control/standing.h"

namespace hypertier::control {
namespace {

PerTier<qos::TierPolicy> TermsOf(const std::string& tenant, const TenantMap& tenants, const PerTier<Bytes>& capacity) {
  const auto known = tenants.find(tenant);
  return policy::Resolve(known == tenants.end() ? policy::Terms{} : known->second.terms, capacity);
}

}  // namespace

bool Runs(const VmRecord& vm) {
  return vm.tiers &&
         (vm.state == DomainState::kRunning || vm.state == DomainState::kPaused || vm.state == DomainState::kSuspended);
}

Bytes CommittedOf(const Vm& vm, TierId tier, const EngineOptions& options) {
  if (!vm.TwoTier() || !vm.Alive()) return Bytes();
  // One whose guest has just booted will be planned; one that cannot be driven never will.
  const bool planned = options.qos.Plans() && vm.promise.mode == policy::Mode::kAuto &&
                       StandingOf(vm, options).management != Management::kUnmanaged;
  // What is always there of it cannot be had by anybody else either.
  if (planned) return std::max(vm.promise.tiers[tier].reservation, vm.description->Base(tier));
  return vm.targets ? vm.targets->bytes[tier] : vm.cells()[tier];
}

std::size_t TenantIn(qos::Snapshot& commitments, const std::string& tenant, const TenantMap& tenants) {
  auto& all = commitments.tenants;
  const auto at = std::find_if(all.begin(), all.end(), [&](const qos::Tenant& other) { return other.name == tenant; });
  if (at != all.end()) return static_cast<std::size_t>(at - all.begin());
  all.push_back({tenant, TermsOf(tenant, tenants, commitments.capacity)});
  return all.size() - 1;
}

qos::Snapshot CommitmentsOf(const FleetSnapshot& fleet) {
  qos::Snapshot commitments;
  commitments.capacity = *fleet.host->capacity;
  std::map<std::string, std::size_t> indices;
  const auto index_of = [&](const std::string& tenant) {
    const auto [at, is_new] = indices.try_emplace(tenant, commitments.tenants.size());
    if (is_new) commitments.tenants.push_back({tenant, TermsOf(tenant, *fleet.tenants, commitments.capacity)});
    return at->second;
  };
  // What a tenant reserved is committed whether or not it has VMs.
  for (const auto& [id, record] : *fleet.tenants) index_of(id);
  std::set<std::string> running;
  for (const VmPtr& vm : fleet.vms) {
    if (!vm->tiers) continue;
    qos::Vm& counted = commitments.vms.emplace_back();
    counted.tenant = index_of(vm->tenant);
    for (const TierId tier : kTiers) {
      counted.policy[tier] = (*vm->tiers)[tier].policy;
      counted.policy[tier].reservation = (*vm->tiers)[tier].committed;
    }
    // What was moved there for keeping more than its FMEM target is its tenant's.
    counted.policy.smem().reservation += vm->tiers->fmem().displaced;
    if (Runs(*vm)) running.insert(vm->uuid);
  }
  // Those of VMs that are on their way, or have stopped and may start again.
  for (const auto& [uuid, grant] : *fleet.grants) {
    if (running.contains(uuid)) continue;
    qos::Vm& counted = commitments.vms.emplace_back();
    counted.tenant = index_of(grant.tenant);
    for (const TierId tier : kTiers) counted.policy[tier].reservation = grant.reservation[tier];
  }
  return commitments;
}

Room RoomFor(const Vm& vm, TierId tier, const std::vector<const Vm*>& fleet, const TenantMap& tenants,
             const GrantMap& grants, const EngineOptions& options) {
  std::map<std::string, Bytes> taken;
  for (const auto& [id, record] : tenants) taken[id];
  const std::string& own = vm.tenant;
  taken[own];
  for (const Vm* other : fleet) {
    if (other == &vm || !other->TwoTier()) continue;
    taken[other->tenant] += std::max(CommittedOf(*other, tier, options), ChargedOf(*other, tier));
  }
  std::set<std::string> running;
  for (const Vm* other : fleet) {
    if (other->TwoTier() && other->Alive()) running.insert(other->uuid);
  }
  for (const auto& [uuid, grant] : grants) {
    if (!running.contains(uuid) && uuid != vm.uuid) taken[grant.tenant] += grant.reservation[tier];
  }
  const PerTier<Bytes>& capacity = *options.qos.capacity;
  Bytes room = capacity[tier] - taken[own];
  if (tier == TierId::kSmem) {
    for (const Vm* other : fleet) room -= DisplacedOf(*other);
  }
  for (const auto& [tenant, bytes] : taken) {
    // What its own tenant reserved and does not use is there for it.
    if (tenant != own) room -= std::max(bytes, TermsOf(tenant, tenants, capacity)[tier].reservation);
  }
  return {room, TermsOf(own, tenants, capacity)[tier].limit - taken[own]};
}

}  // namespace hypertier::control
