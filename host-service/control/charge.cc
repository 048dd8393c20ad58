// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/charge.h"

#include <algorithm>

namespace hypertier::control {

void ResetCeiling(Vm& vm) {
  if (vm.TwoTier()) vm.ceiling = vm.cells();
}

void UpdateCeiling(Vm& vm, Bytes slack) {
  if (!vm.TwoTier() || !vm.targets) return;
  for (const TierId tier : kTiers) {
    const Bytes target = vm.targets->bytes[tier];
    Bytes& ceiling = vm.ceiling[tier];
    ceiling = std::min(std::max(ceiling, target), vm.cells()[tier]);
    if (!vm.Reports(tier)) continue;
    // Whoever set it, and whatever was agreed: what the guest has, it may use.
    const Bytes usable = vm.Usable(tier);
    ceiling = std::max(ceiling, usable);
    const GuestReport& report = *vm.link.report;
    if (!vm.agreed && !report.by_hypervisor) continue;
    // A shrink counts as far as it has come.
    const Bytes reached = std::max({usable, target, vm.cells()[tier] - report.tiers[tier]->balloon_target});
    const bool host_agrees = !vm.residency.bytes || (*vm.residency.bytes)[tier] <= reached + slack;
    if (host_agrees) ceiling = reached;
  }
}

Bytes ChargedOf(const Vm& vm, TierId tier) {
  if (!vm.TwoTier() || !vm.Alive()) return Bytes();
  const Bytes most = vm.residency.bytes ? std::max(vm.ceiling[tier], (*vm.residency.bytes)[tier]) : vm.ceiling[tier];
  return tier == TierId::kFmem ? most - DisplacedOf(vm) : most;
}

Bytes HeldOf(const Vm& vm, TierId tier) {
  const Bytes resident = (*vm.residency.bytes)[tier];
  return tier == TierId::kFmem ? resident - DisplacedOf(vm) : resident;
}

Bytes DisplacedOf(const Vm& vm) {
  const Bytes displaced = vm.confinement.displaced.value_or(Bytes());
  // The guest may have given some of it back since.
  return vm.residency.bytes ? std::min(displaced, vm.residency.bytes->fmem()) : displaced;
}

Bytes OnSmemOf(const Vm& vm) {
  return DisplacedOf(vm) + vm.confinement.unseen;
}

}  // namespace hypertier::control
