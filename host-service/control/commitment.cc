// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/commitment.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "host-service/control/charge.h"
#include "host-service/control/standing.h"
#include "host-service/qos/admission.h"

namespace hypertier::control {
namespace {

PerTier<qos::TierPolicy> TermsOf(const std::string& tenant, const TenantMap& tenants, const PerTier<Bytes>& capacity) {
  const auto known = tenants.find(tenant);
  return policy::Resolve(known == tenants.end() ? policy::Terms{} : known->second.terms, capacity);
}

// What a VM is promised, as grants are found by.
using Claim = std::tuple<std::string, Bytes, Bytes>;

// Grants that count beside the VMs that run.
class GrantsApart {
 public:
  explicit GrantsApart(const GrantMap& grants) : grants_(grants) {}

  void Running(const std::string& uuid, const std::string& tenant, Bytes fmem, Bytes smem) {
    runs_[uuid] = true;
    // While nova moves or resizes a VM, what it leaves is held under its migration's UUID, which libvirt does not know.
    if (!grants_.contains(uuid)) ++without_[{tenant, fmem, smem}];
  }
  void NotRunning(const std::string& uuid) { runs_[uuid] = false; }

  template <typename F>
  void ForEach(F&& count) {
    for (const auto& [uuid, grant] : grants_) {
      const auto known = runs_.find(uuid);
      if (known != runs_.end() && known->second) continue;
      if (known == runs_.end()) {
        const auto same = without_.find({grant.tenant, grant.reservation.fmem(), grant.reservation.smem()});
        if (same != without_.end() && same->second > 0) {
          --same->second;
          continue;
        }
      }
      count(uuid, grant);
    }
  }

 private:
  const GrantMap& grants_;
  // Whether a VM that libvirt knows runs, by UUID.
  std::map<std::string, bool> runs_;
  // Running VMs without a grant, by what they are promised.
  std::map<Claim, int> without_;
};

// What VMs and grants of each tenant hold or are promised, of all but `apart`; all of `tenants` are in it.
std::map<std::string, Bytes> TakenOf(const Vm* apart, TierId tier, const std::vector<const Vm*>& fleet,
                                     const TenantMap& tenants, const GrantMap& grants, const EngineOptions& options) {
  std::map<std::string, Bytes> taken;
  for (const auto& [id, record] : tenants) taken[id];
  GrantsApart beside(grants);
  for (const Vm* vm : fleet) {
    if (!vm->TwoTier() || !vm->Alive()) {
      beside.NotRunning(vm->uuid);
      continue;
    }
    beside.Running(vm->uuid, vm->tenant, vm->promise.tiers.fmem().reservation, vm->promise.tiers.smem().reservation);
    if (vm == apart) continue;
    // What was displaced comes back as far as its target allows.
    const Bytes target = vm->targets ? vm->targets->bytes[tier] : Bytes();
    taken[vm->tenant] += std::max({CommittedOf(*vm, tier, options), ChargedOf(*vm, tier), target});
  }
  beside.ForEach([&](const std::string& uuid, const GrantRecord& grant) {
    if (apart == nullptr || uuid != apart->uuid) taken[grant.tenant] += grant.reservation[tier];
  });
  return taken;
}

}  // namespace

bool Runs(const VmRecord& vm) {
  return vm.tiers &&
         (vm.state == DomainState::kRunning || vm.state == DomainState::kPaused || vm.state == DomainState::kSuspended);
}

bool NeedsAgent(const VmRecord& vm) {
  return vm.state == DomainState::kRunning && vm.provisioner == domain::Provisioner::kDoubleBalloon;
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

bool IsDegraded(const FleetSnapshot& fleet, const qos::Snapshot& commitments) {
  if (!fleet.connected || !fleet.synced || fleet.host->policy.empty() || !fleet.host->capacity) return true;
  // That one tenant has more than its limit closes the host to nobody else.
  const PerTier<Bytes> reserved = qos::Reserved(commitments);
  return reserved.fmem() > commitments.capacity.fmem() || reserved.smem() > commitments.capacity.smem();
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
  commitments.capacity = fleet.host->capacity.value_or(PerTier<Bytes>{});
  std::map<std::string, std::size_t> indices;
  const auto index_of = [&](const std::string& tenant) {
    const auto [at, is_new] = indices.try_emplace(tenant, commitments.tenants.size());
    if (is_new) commitments.tenants.push_back({tenant, TermsOf(tenant, *fleet.tenants, commitments.capacity)});
    return at->second;
  };
  // What a tenant reserved is committed whether or not it has VMs.
  for (const auto& [id, record] : *fleet.tenants) index_of(id);
  GrantsApart beside(*fleet.grants);
  for (const VmPtr& vm : fleet.vms) {
    if (Runs(*vm)) {
      beside.Running(vm->uuid, vm->tenant, vm->tiers->fmem().policy.reservation, vm->tiers->smem().policy.reservation);
    } else {
      beside.NotRunning(vm->uuid);
    }
    if (!vm->tiers) continue;
    qos::Vm& counted = commitments.vms.emplace_back();
    counted.tenant = index_of(vm->tenant);
    for (const TierId tier : kTiers) {
      counted.policy[tier] = (*vm->tiers)[tier].policy;
      counted.policy[tier].reservation = (*vm->tiers)[tier].committed;
    }
    // What was moved there for keeping more than its FMEM target is its tenant's.
    counted.policy.smem().reservation += vm->tiers->fmem().displaced;
  }
  // Those of VMs that are on their way, or have stopped and may start again.
  beside.ForEach([&](const std::string&, const GrantRecord& grant) {
    qos::Vm& counted = commitments.vms.emplace_back();
    counted.tenant = index_of(grant.tenant);
    for (const TierId tier : kTiers) counted.policy[tier].reservation = grant.reservation[tier];
  });
  return commitments;
}

Room RoomFor(const Vm& vm, TierId tier, const std::vector<const Vm*>& fleet, const TenantMap& tenants,
             const GrantMap& grants, const EngineOptions& options) {
  std::map<std::string, Bytes> taken = TakenOf(&vm, tier, fleet, tenants, grants, options);
  const std::string& own = vm.tenant;
  taken[own];
  const PerTier<Bytes>& capacity = *options.qos.capacity;
  Bytes room = capacity[tier] - taken[own];
  if (tier == TierId::kSmem) {
    for (const Vm* other : fleet) room -= OnSmemOf(*other);
  }
  for (const auto& [tenant, bytes] : taken) {
    // What its own tenant reserved and does not use is there for it.
    if (tenant != own) room -= std::max(bytes, TermsOf(tenant, tenants, capacity)[tier].reservation);
  }
  return {room, TermsOf(own, tenants, capacity)[tier].limit - taken[own]};
}

Bytes SpareSmem(const std::vector<const Vm*>& fleet, const TenantMap& tenants, const GrantMap& grants,
                const EngineOptions& options) {
  Bytes spare = options.qos.capacity->smem();
  for (const Vm* vm : fleet) spare -= OnSmemOf(*vm);
  for (const auto& [tenant, bytes] : TakenOf(nullptr, TierId::kSmem, fleet, tenants, grants, options)) {
    spare -= std::max(bytes, TermsOf(tenant, tenants, *options.qos.capacity).smem().reservation);
  }
  return spare;
}

}  // namespace hypertier::control
