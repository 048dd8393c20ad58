// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/aims.h"

#include <algorithm>

#include "host-service/qos/demand.h"
#include "host-service/qos/gains.h"
#include "host-service/qos/hierarchy.h"

namespace hypertier::qos {
namespace {

// Of one tier, without what frozen VMs have.
struct Room {
  Bytes host;
  std::vector<Bytes> tenants;
};

class Aims {
 public:
  // `keeps`: by VM, whether what it holds is out of reach.
  Aims(const Snapshot& snapshot, TierId tier, const Options& options, const std::vector<bool>& keeps)
      : snapshot_(snapshot), tier_(tier), options_(options), keeps_(keeps), targets_(snapshot.vms.size()) {
    room_.host = snapshot.capacity[tier];
    for (const Tenant& tenant : snapshot.tenants) room_.tenants.push_back(tenant.policy[tier].limit);
  }

  std::vector<Target> Find(const std::vector<Bytes>& fmem, const BurstPolicy& policy) {
    for (std::size_t i = 0; i < snapshot_.vms.size(); ++i) Begin(i, fmem[i]);
    BoundClaims();
    Divide(policy);
    return std::move(targets_);
  }

 private:
  const Vm& vm(std::size_t i) const { return snapshot_.vms[i]; }

  void Begin(std::size_t i, Bytes fmem) {
    Target& target = targets_[i];
    if (vm(i).frozen) {
      target.cause = Cause::kFrozen;
      target.amount = target.claim = target.demand = std::min(vm(i).tiers[tier_].target, CapOf(vm(i), tier_));
      room_.host -= target.amount;
      room_.tenants[vm(i).tenant] -= target.amount;
      return;
    }
    target.demand = DemandOf(vm(i), tier_, fmem, options_);
    target.claim = ClaimOf(vm(i), tier_, target.demand, options_);
    const Bytes reserved = PageDown(std::min(vm(i).policy[tier_].reservation, CapOf(vm(i), tier_)));
    target.cause = target.claim < reserved ? Cause::kLent : Cause::kReservation;
  }

  // Where claims do not fit, they compete.
  void BoundClaims() {
    Hierarchy hierarchy;
    for (std::size_t t = 0; t < snapshot_.tenants.size(); ++t) {
      hierarchy.tenants.push_back({snapshot_.tenants[t].policy[tier_].shares, Bytes(), room_.tenants[t]});
    }
    std::vector<Bytes> sums(snapshot_.tenants.size());
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const Bytes claim = vm(i).frozen ? Bytes() : targets_[i].claim;
      hierarchy.vms.push_back({vm(i).tenant, {vm(i).policy[tier_].shares, Bytes(), claim}});
      sums[vm(i).tenant] += claim;
    }
    const std::vector<Bytes> met = hierarchy.Divide(room_.host);
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (vm(i).frozen) continue;
      Target& target = targets_[i];
      if (met[i] < target.claim) {
        const std::size_t tenant = vm(i).tenant;
        target.cause = sums[tenant] > room_.tenants[tenant] ? Cause::kTenantLimit : Cause::kOvercommitted;
        target.claim = met[i];
      }
      target.amount = target.claim;
    }
  }

  void Divide(const BurstPolicy& policy) {
    BurstProblem problem;
    problem.total = room_.host;
    // A tenant's own reservation is lent, too, while its VMs have no use for it.
    std::vector<Bytes> wanted(snapshot_.tenants.size());
    for (std::size_t t = 0; t < snapshot_.tenants.size(); ++t) {
      const TierPolicy& of = snapshot_.tenants[t].policy[tier_];
      problem.tenants.push_back({of.shares, of.reservation, room_.tenants[t]});
    }
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      Target& target = targets_[i];
      BurstProblem::Tenant& tenant = problem.tenants[vm(i).tenant];
      BurstProblem::Vm& of = problem.vms.emplace_back();
      of.tenant = vm(i).tenant;
      of.shares = vm(i).policy[tier_].shares;
      tenant.least -= target.amount;
      if (!vm(i).frozen) {
        tenant.room -= target.amount;
        problem.total -= target.amount;
      }
      if (keeps_[i]) {
        // As long as it keeps that, nobody else can have it: or others would keep their burst while a reservation
        // waits.
        const Bytes kept = vm(i).tiers[tier_].held - target.amount;
        tenant.room -= kept;
        problem.total -= kept;
        if (!vm(i).frozen) target.cause = Cause::kOverstays;
        continue;
      }
      if (vm(i).frozen) continue;
      const Bytes cap = CapOf(vm(i), tier_);
      of.room = cap - target.claim;
      of.wanted = std::min(target.demand, cap) - target.claim;
      wanted[of.tenant] += of.wanted;
      if (tier_ == TierId::kFmem) {
        const Bytes has = vm(i).tiers[tier_].target - target.claim;
        of.gains = Favoured(GainsOf(vm(i), target.claim, cap), has, 1 + options_.incumbency);
      }
    }
    for (std::size_t t = 0; t < wanted.size(); ++t) {
      problem.tenants[t].least = std::min(problem.tenants[t].least, wanted[t]);
    }
    const std::vector<Bytes> burst = policy.Divide(problem);
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      Target& target = targets_[i];
      target.amount += burst[i];
      target.aim = target.amount;
      if (burst[i] == Bytes()) continue;
      target.cause = target.amount >= CapOf(vm(i), tier_) ? Cause::kLimit : Cause::kBurst;
    }
  }

  const Snapshot& snapshot_;
  const TierId tier_;
  const Options& options_;
  const std::vector<bool>& keeps_;
  Room room_;
  std::vector<Target> targets_;
};

}  // namespace

std::vector<Target> FindAims(const Snapshot& snapshot, TierId tier, const std::vector<Bytes>& fmem,
                             const BurstPolicy& policy, const Options& options) {
  std::vector<bool> keeps(snapshot.vms.size());
  std::vector<Target> aims = Aims(snapshot, tier, options, keeps).Find(fmem, policy);
  // One that could have what it holds does nobody harm. (It may be unable to give back what it was once told to, and
  // must not be held to that for ever.)
  bool any = false;
  for (std::size_t i = 0; i < aims.size(); ++i) {
    const VmTier& of = snapshot.vms[i].tiers[tier];
    keeps[i] = of.overstays && aims[i].aim < of.held;
    any = any || keeps[i];
  }
  return any ? Aims(snapshot, tier, options, keeps).Find(fmem, policy) : aims;
}

}  // namespace hypertier::qos
