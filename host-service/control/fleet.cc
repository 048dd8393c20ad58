// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/fleet.h"

#include <algorithm>

#include "host-service/control/charge.h"
#include "host-service/control/resize_check.h"
#include "host-service/control/standing.h"
#include "host-service/policy/resolve.h"

namespace hypertier::control {
namespace {

qos::VmTier TierOf(const Vm& vm, TierId tier, const EngineOptions& options, const Now& now) {
  qos::VmTier state;
  state.floor = FloorOf(vm, tier, options);
  state.size = vm.cells()[tier];
  state.target = TargetOf(vm, tier);
  state.held = ChargedOf(vm, tier);
  state.overstays = vm.overstay[tier].Lasts(SeenAt(vm, now), options.overstay_patience);
  return state;
}

// What the guest says that it does with its memory. Every figure has been bounded by its cells.
void FillGuestsWord(const Vm& vm, const Now& now, qos::Vm& into) {
  if (vm.Reports(TierId::kFmem) && vm.Reports(TierId::kSmem)) {
    Bytes used;
    bool known = true;
    for (const TierId tier : kTiers) {
      const std::optional<Bytes> free = vm.link.report->tiers[tier]->free;
      known = known && free.has_value();
      used += vm.Usable(tier) - free.value_or(Bytes());
    }
    if (known) into.used = used;
  }
  if (vm.link.report) into.pressure = vm.link.report->pressure.value_or(0);
  if (now.mono < vm.pressed_until) into.pressure = 1;
  if (vm.link.placement == nullptr || vm.link.state != LinkState::kUp) return;
  for (const auto& point : vm.link.placement->curve()) {
    into.curve.push_back({Bytes(point.fmem_bytes()), point.share()});
  }
  into.access_rate = vm.link.placement->access_rate();
}

}  // namespace

bool Planned(const Vm& vm, const EngineOptions& options) {
  return Planned(vm, vm.promise.mode, options);
}

bool Planned(const Vm& vm, policy::Mode mode, const EngineOptions& options) {
  return options.qos.Plans() && mode == policy::Mode::kAuto && vm.operation.empty() &&
         StandingOf(vm, options).management == Management::kManaged;
}

absl::Duration SeenAt(const Vm& vm, const Now& now) {
  return vm.residency.bytes ? vm.residency.taken : now.mono;
}

Bytes TargetOf(const Vm& vm, TierId tier) {
  return vm.targets ? std::min(vm.targets->bytes[tier], vm.cells()[tier]) : vm.cells()[tier];
}

Fleet MakeFleet(std::vector<Vm*> vms, const TenantMap& tenants, const EngineOptions& options, const Now& now) {
  Fleet fleet;
  fleet.snapshot.capacity = *options.qos.capacity;
  std::erase_if(vms, [](const Vm* vm) { return !vm->TwoTier() || !vm->Alive(); });
  std::sort(vms.begin(), vms.end(), [](const Vm* a, const Vm* b) { return a->uuid < b->uuid; });
  std::map<std::string, std::size_t> indices;
  const auto index_of = [&](const std::string& name) {
    const auto [at, is_new] = indices.try_emplace(name, fleet.snapshot.tenants.size());
    if (is_new) {
      const auto known = tenants.find(name);
      fleet.snapshot.tenants.push_back(
          {name,
           policy::Resolve(known == tenants.end() ? policy::Terms{} : known->second.terms, fleet.snapshot.capacity)});
    }
    return at->second;
  };
  for (Vm* vm : vms) {
    qos::Vm& planned = fleet.snapshot.vms.emplace_back();
    planned.tenant = index_of(vm->tenant);
    planned.policy = vm->promise.tiers;
    for (const TierId tier : kTiers) planned.tiers[tier] = TierOf(*vm, tier, options, now);
    planned.frozen = !Planned(*vm, options);
    FillGuestsWord(*vm, now, planned);
  }
  // After the tenants' percentages: they are of all that the host has.
  for (const Vm* vm : vms) fleet.snapshot.capacity.smem() -= OnSmemOf(*vm);
  fleet.vms = std::move(vms);
  return fleet;
}

}  // namespace hypertier::control
