// SPDX-License-Identifier: Apache-2.0
//
// A host for tests: VMs that carry out the planner's targets, at once or slowly.
#pragma once

#include <algorithm>
#include <vector>

#include "host-service/qos/curve.h"
#include "host-service/qos/invariants.h"
#include "host-service/qos/planner.h"

namespace hypertier::qos {

class SimulatedHost {
 public:
  SimulatedHost(Bytes fmem, Bytes smem, std::string_view policy = "hotness") : policy_(*MakeBurstPolicy(policy)) {
    snapshot.capacity = {fmem, smem};
  }

  std::size_t AddTenant(TierPolicy fmem = {}, TierPolicy smem = {}) {
    snapshot.tenants.push_back({"", {fmem, smem}});
    return snapshot.tenants.size() - 1;
  }

  // With cells of `size` each, and nothing in them yet.
  std::size_t AddVm(std::size_t tenant, TierPolicy fmem, Bytes size, TierPolicy smem = {}) {
    Vm vm;
    vm.tenant = tenant;
    vm.policy = {fmem, smem};
    for (const TierId tier : kTiers) vm.tiers[tier].size = size;
    snapshot.vms.push_back(vm);
    return snapshot.vms.size() - 1;
  }

  Vm& vm(std::size_t i) { return snapshot.vms[i]; }
  Bytes fmem(std::size_t i) const { return snapshot.vms[i].tiers.fmem().target; }
  const Target& target(std::size_t i) const { return plan.targets[i].fmem(); }

  // Of accesses at `rate`, as many as `share` of the FMEM `hot`, evenly; the rest evenly over `all`.
  void SetHeat(std::size_t i, Bytes hot, double share, Bytes all, double rate) {
    vm(i).curve = {{hot, share}, {all, 1.0}};
    vm(i).access_rate = rate;
  }

  // One period; returns what is wrong with the plan.
  std::vector<std::string> Step() {
    plan = MakePlan(snapshot, *policy_, options);
    std::vector<std::string> wrong = Violations(snapshot, plan);
    for (std::size_t i = 0; i < snapshot.vms.size(); ++i) {
      for (const TierId tier : kTiers) {
        VmTier& of = vm(i).tiers[tier];
        moved += of.target > plan.targets[i][tier].amount ? of.target - plan.targets[i][tier].amount
                                                          : plan.targets[i][tier].amount - of.target;
        of.target = plan.targets[i][tier].amount;
        // Growing is quick; giving back takes time.
        of.held = std::max(of.target, of.held - shrunk_in_a_period);
      }
    }
    return wrong;
  }

  // Accesses a second that FMEM serves.
  double Served() const {
    double sum = 0;
    for (const Vm& one : snapshot.vms) {
      sum += one.access_rate * ShareServed(one.curve, one.tiers.fmem().target);
    }
    return sum;
  }

  Snapshot snapshot;
  Plan plan;
  Options options;
  Bytes shrunk_in_a_period = Bytes::Max();
  // By which targets have changed, all together.
  Bytes moved;

 private:
  std::unique_ptr<BurstPolicy> policy_;
};

}  // namespace hypertier::qos
