// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/host.h"

#include <algorithm>

#include "host-service/qos/hierarchy.h"
#include "host-service/qos/invariants.h"
#include "host-service/qos/planner.h"

namespace hypertier::sim {

Host::Host(const Scenario& scenario, const std::string& policy)
    : scenario_(scenario), policy_(*qos::MakeBurstPolicy(policy)) {
  snapshot_.capacity = scenario.capacity;
  snapshot_.tenants = scenario.tenants;
  for (const Group& group : scenario.groups) {
    qos::Vm vm;
    vm.tenant = group.tenant;
    vm.policy = group.policy;
    for (const TierId tier : kTiers) vm.tiers[tier].size = group.cells[tier];
    snapshot_.vms.insert(snapshot_.vms.end(), group.count, vm);
  }
  vms_.resize(snapshot_.vms.size());
}

std::vector<PerTier<Bytes>> Host::Begin() {
  for (const TierId tier : kTiers) {
    qos::Hierarchy hierarchy;
    for (const qos::Tenant& tenant : snapshot_.tenants) {
      hierarchy.tenants.push_back({tenant.policy[tier].shares, Bytes(), tenant.policy[tier].limit});
    }
    for (const qos::Vm& vm : snapshot_.vms) {
      hierarchy.vms.push_back({vm.tenant, {vm.policy[tier].shares, Bytes(), vm.policy[tier].reservation}});
    }
    const std::vector<Bytes> fits = hierarchy.Divide(snapshot_.capacity[tier]);
    for (std::size_t i = 0; i < fits.size(); ++i) vms_[i].open.back().targets[tier] = PageDown(fits[i]);
  }
  std::vector<PerTier<Bytes>> begin;
  for (std::size_t i = 0; i < vms_.size(); ++i) begin.push_back(vms_[i].open.back().targets);
  return begin;
}

void Host::Hear(std::size_t vm, Report report, Seconds now) {
  Known& known = vms_[vm];
  while (known.open.front().generation < report.generation) known.open.pop_front();
  known.report = std::move(report);
  known.heard = now;
}

Bytes Host::Charge(std::size_t vm, TierId tier) const {
  Bytes charge = vms_[vm].measured[tier];
  for (const Order& order : vms_[vm].open) charge = std::max(charge, order.targets[tier]);
  return charge;
}

void Host::Update(std::size_t vm, Seconds now) {
  Known& known = vms_[vm];
  qos::Vm& of = snapshot_.vms[vm];
  of.frozen = now - known.heard > scenario_.stale_after;
  of.used = known.report.used;
  of.curve = known.report.curve;
  of.access_rate = known.report.accesses;
  of.pressure = known.report.pressure;
  for (const TierId tier : kTiers) {
    of.tiers[tier].target = known.open.back().targets[tier];
    of.tiers[tier].held = Charge(vm, tier);
    known.overstay[tier].Update(of.tiers[tier].held, of.tiers[tier].target, absl::Seconds(now));
    of.tiers[tier].overstays = known.overstay[tier].Lasts(absl::Seconds(now), absl::Seconds(scenario_.overstay_after));
  }
}

std::vector<std::string> Host::Plan(Seconds now) {
  for (std::size_t i = 0; i < vms_.size(); ++i) Update(i, now);
  plan_ = qos::MakePlan(snapshot_, *policy_);
  std::vector<std::string> wrong = qos::Violations(snapshot_, plan_);
  for (std::size_t i = 0; i < vms_.size(); ++i) {
    std::deque<Order>& open = vms_[i].open;
    const PerTier<Bytes> targets(plan_.targets[i].fmem().amount, plan_.targets[i].smem().amount);
    if (targets != open.back().targets) open.push_back({open.back().generation + 1, targets});
  }
  return wrong;
}

}  // namespace hypertier::sim
