// SPDX-License-Identifier: Apache-2.0
//
// What holds of every plan, over random fleets with random histories.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>

#include "host-service/qos/simulated_host.h"
#include "host-service/qos/water_fill.h"

namespace hypertier::qos {
namespace {

// So many cases of each property, unless the environment says otherwise.
[[maybe_unused]] const int kCasesAreSet = setenv("RC_PARAMS", "max_success=10000", 0);

Bytes Mib(int most) {
  return Bytes::MiB(static_cast<std::uint64_t>(*rc::gen::inRange(0, most)));
}

TierPolicy AnyPolicy(int most_mib) {
  TierPolicy policy;
  policy.limit = *rc::gen::arbitrary<bool>() ? Bytes::Max() : Mib(most_mib);
  policy.reservation = std::min(policy.limit, Mib(most_mib / 2));
  policy.shares = *rc::gen::inRange(1, 9);
  return policy;
}

// As the guest says, so anything at all.
void Lie(Vm& vm) {
  vm.curve.clear();
  for (int i = *rc::gen::inRange(0, 5); i > 0; --i) {
    vm.curve.push_back({Mib(1 << 14), *rc::gen::inRange(-100, 200) / 100.0});
  }
  vm.access_rate = *rc::gen::inRange(0, 1'000'000);
  vm.pressure = *rc::gen::inRange(0, 100) / 100.0;
  vm.used = *rc::gen::arbitrary<bool>() ? std::nullopt : std::optional(Mib(1 << 16));
}

void ChangeVm(Vm& vm) {
  Lie(vm);
  vm.frozen = *rc::gen::inRange(0, 6) == 0;
  for (const TierId tier : kTiers) {
    if (*rc::gen::inRange(0, 4) == 0) vm.policy[tier] = AnyPolicy(1 << 13);
    vm.tiers[tier].floor = Mib(512);
    vm.tiers[tier].overstays = *rc::gen::inRange(0, 4) == 0;
  }
}

// Anything, or a limit that is a little below what its VMs have.
void ChangeTenant(SimulatedHost& host, std::size_t tenant) {
  TierPolicy& policy = host.snapshot.tenants[tenant].policy.fmem();
  const int kind = *rc::gen::inRange(0, 4);
  if (kind == 0) policy = AnyPolicy(1 << 14);
  if (kind != 1) return;
  policy.limit = Bytes();
  for (const Vm& vm : host.snapshot.vms) policy.limit += vm.tenant == tenant ? vm.tiers.fmem().target : Bytes();
  policy.limit -= Mib(64);
  policy.reservation = std::min(policy.reservation, policy.limit);
}

RC_GTEST_PROP(QosProperties, NoPlanBreaksAnInvariant, ()) {
  const std::string_view policy = *rc::gen::element("static", "proportional", "hotness");
  SimulatedHost host(Mib(1 << 15), Mib(1 << 16), policy);
  const int tenants = *rc::gen::inRange(1, 5);
  for (int t = 0; t < tenants; ++t) host.AddTenant(AnyPolicy(1 << 14), AnyPolicy(1 << 15));
  for (int i = *rc::gen::inRange(1, 12); i > 0; --i) {
    const auto tenant = static_cast<std::size_t>(*rc::gen::inRange(0, tenants));
    host.AddVm(tenant, AnyPolicy(1 << 13), Mib(1 << 14), AnyPolicy(1 << 13));
  }
  for (int step = 0; step < 6; ++step) {
    for (Vm& vm : host.snapshot.vms) ChangeVm(vm);
    for (std::size_t t = 0; t < host.snapshot.tenants.size(); ++t) ChangeTenant(host, t);
    if (*rc::gen::inRange(0, 4) == 0) host.snapshot.capacity = {Mib(1 << 15), Mib(1 << 16)};
    host.shrunk_in_a_period = Mib(4096);
    const std::vector<std::string> wrong = host.Step();
    RC_ASSERT(wrong == std::vector<std::string>());
  }
}

RC_GTEST_PROP(QosProperties, EqualInputsGiveEqualPlans, ()) {
  SimulatedHost host(Mib(1 << 15), Mib(1 << 16));
  host.AddTenant(AnyPolicy(1 << 14));
  for (int i = 0; i < 6; ++i) Lie(host.vm(host.AddVm(0, AnyPolicy(1 << 13), Mib(1 << 14))));
  const auto policy = MakeBurstPolicy("hotness");
  const Plan first = MakePlan(host.snapshot, **policy);
  const Plan second = MakePlan(host.snapshot, **policy);
  for (std::size_t i = 0; i < first.targets.size(); ++i) {
    for (const TierId tier : kTiers) RC_ASSERT(first.targets[i][tier].amount == second.targets[i][tier].amount);
  }
}

RC_GTEST_PROP(QosProperties, AWaterFillIsBoundedAndSpendsAll, ()) {
  std::vector<Contender> contenders;
  Bytes most;
  for (int i = *rc::gen::inRange(1, 30); i > 0; --i) {
    Contender one{*rc::gen::inRange(1, 100) / 10.0, Mib(100), Mib(1000)};
    one.most = std::max(one.most, one.least);
    most += one.most;
    contenders.push_back(one);
  }
  const Bytes total = Mib(30000);
  const std::vector<Bytes> amounts = WaterFill(total, contenders);
  Bytes sum;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    RC_ASSERT(amounts[i] <= contenders[i].most);
    sum += amounts[i];
  }
  RC_ASSERT(sum <= total);
  RC_ASSERT(sum + Bytes(contenders.size() * kPage.count()) >= std::min(total, most));
}

}  // namespace
}  // namespace hypertier::qos
