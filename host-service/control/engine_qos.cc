// SPDX-License-Identifier: Apache-2.0
//
// Engine: what VMs are promised, and targets that keep it.
#include <fmt/format.h>

#include <array>

#include "common/text.h"
#include "host-service/control/engine.h"
#include "host-service/control/fleet.h"
#include "host-service/control/standing.h"
#include "host-service/qos/invariants.h"
#include "host-service/qos/planner.h"

namespace hypertier::control {

policy::VmTerms Engine::SaidOverGrpc(const std::string& uuid) const {
  const auto kept = policies_->find(uuid);
  return kept == policies_->end() ? policy::VmTerms{} : kept->second.policy;
}

policy::VmTerms Engine::Granted(const std::string& uuid) const {
  policy::VmTerms said;
  const auto grant = grants_->find(uuid);
  if (grant == grants_->end()) return said;
  for (const TierId tier : kTiers) said.terms[tier].reservation = policy::Amount::Of(grant->second.reservation[tier]);
  return said;
}

policy::Promise Engine::PromiseOf(const Vm& vm, const policy::VmTerms& over_grpc) const {
  if (!vm.TwoTier()) return {};
  // Most authority first.
  const std::array said{over_grpc, vm.description->policy, Granted(vm.uuid), vm.description->nova_policy,
                        policy::VmTerms{.mode = options_.qos.default_mode, .qos_class = {}, .terms = {}}};
  policy::Promise promise = policy::Resolve(said, options_.qos.classes, vm.cells());
  promise.problems.insert(promise.problems.begin(), vm.description->policy_problems.begin(),
                          vm.description->policy_problems.end());
  for (const TierId tier : kTiers) {
    const Bytes base = vm.description->Base(tier);
    if (promise.tiers[tier].limit >= base) continue;
    promise.problems.push_back(fmt::format("{} limit {}: its guest cell, {}, is always there, and it has that much",
                                           TierName(tier), FormatBytes(promise.tiers[tier].limit), FormatBytes(base)));
  }
  if (promise.mode == policy::Mode::kAuto && !options_.qos.Plans()) {
    promise.problems.push_back(
        fmt::format("mode auto: nothing is planned on this host, and targets stay as they are: {}", options_.qos.off));
  }
  return promise;
}

void Engine::ResolvePromise(Vm& vm) {
  vm.tenant = vm.description ? vm.description->tenant : "";
  if (const auto grant = grants_->find(vm.uuid); vm.tenant.empty() && grant != grants_->end()) {
    vm.tenant = grant->second.tenant;
  }
  vm.promise = PromiseOf(vm, SaidOverGrpc(vm.uuid));
}

Fleet Engine::TheFleet(const TenantMap& tenants, const Now& now) {
  std::vector<Vm*> vms;
  for (const auto& [uuid, vm] : vms_) vms.push_back(vm.get());
  return MakeFleet(std::move(vms), tenants, options_, now);
}

void Engine::PlanTargets(const Now& now) {
  next_plan_ = now.mono + options_.qos.period;
  // SMEM that VMs can be confined to in this period, once somebody asks.
  std::optional<Bytes> spare;
  for (const auto& [uuid, vm] : vms_) {
    FollowCompliance(*vm, now);
    Enforce(*vm, spare, now);
  }
  // What is known is from before; what was said last stays in force.
  if (!options_.qos.Plans() || !connected_ || host_->maintenance) return;
  const Fleet fleet = TheFleet(*tenants_, now);
  const qos::Plan plan = qos::MakePlan(fleet.snapshot, *options_.qos.policy);
  if (const std::vector<std::string> wrong = qos::Violations(fleet.snapshot, plan); !wrong.empty()) {
    Trouble(nullptr, "planning targets; the last ones stay in force", absl::InternalError(wrong.front()));
    return;
  }

  std::vector<Vm*> changed;
  std::vector<TargetRecord> records;
  for (std::size_t i = 0; i < fleet.vms.size(); ++i) {
    Vm& vm = *fleet.vms[i];
    const std::optional<PerTier<Bytes>> targets = NewTargets(vm, plan.targets[i]);
    if (!targets) continue;
    changed.push_back(&vm);
    records.push_back({.uuid = vm.uuid, .targets = *targets, .generation = NextGeneration(vm), .changed = now.wall});
  }
  if (changed.empty()) return;
  // In one transaction: a write for each VM would hold up control for seconds.
  if (const absl::Status status = world_.ledger->SetManyTargets(records); !status.ok()) {
    Trouble(nullptr, "writing down planned targets; the last ones stay in force", status);
    return;
  }
  for (std::size_t i = 0; i < changed.size(); ++i) {
    Vm& vm = *changed[i];
    PutInForce(vm, records[i], now);
    if (!Planned(vm, options_)) {
      Note(vm, EventKind::kTargetsSet, now,
           fmt::format("lowered to the VM's limits: fmem {}, smem {}", FormatBytes(records[i].targets.fmem()),
                       FormatBytes(records[i].targets.smem())));
    }
    Tell(vm, now);
  }
}

std::optional<PerTier<Bytes>> Engine::NewTargets(Vm& vm, const PerTier<qos::Target>& planned) {
  const bool decided = Planned(vm, options_);
  PerTier<std::string> reasons;
  if (decided) reasons = {qos::Explain(planned.fmem()), qos::Explain(planned.smem())};
  PerTier<Bytes> claims;
  if (decided) claims = {planned.fmem().claim, planned.smem().claim};
  if (reasons != vm.reasons || claims != vm.claims) {
    vm.reasons = std::move(reasons);
    vm.claims = claims;
    Touch(vm);
  }
  // Of a VM that is not planned, nothing is changed but what its limits forbid.
  if (!decided && (!vm.operation.empty() || StandingOf(vm, options_).management != Management::kManaged)) {
    return std::nullopt;
  }
  const PerTier<Bytes> targets{MeetableTarget(vm, TierId::kFmem, planned.fmem().amount),
                               MeetableTarget(vm, TierId::kSmem, planned.smem().amount)};
  if (targets == vm.targets->bytes) return std::nullopt;
  return targets;
}

}  // namespace hypertier::control
