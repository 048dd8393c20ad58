// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/demand.h"

#include <algorithm>

#include "host-service/qos/curve.h"

namespace hypertier::qos {

Bytes CapOf(const Vm& vm, TierId tier) {
  return PageDown(std::min(vm.policy[tier].limit, vm.tiers[tier].size));
}

Bytes DemandOf(const Vm& vm, TierId tier, Bytes fmem, const Options& options) {
  const VmTier& now = vm.tiers[tier];
  const Bytes cap = CapOf(vm, tier);
  Bytes used = cap;
  if (tier == TierId::kFmem && !vm.curve.empty()) {
    used = FmemServing(vm.curve, options.busy_share);
  } else if (vm.used) {
    used = tier == TierId::kFmem ? *vm.used : *vm.used - fmem;
  }
  Bytes demand = used + PagesOf(used, options.headroom);
  if (vm.pressure >= options.pressure) {
    demand = std::max(demand, now.target + PagesOf(now.target, options.pressure_step) + kPage);
  }
  return std::clamp(PageDown(demand), std::min(now.floor, cap), cap);
}

Bytes ClaimOf(const Vm& vm, TierId tier, Bytes demand, const Options& options) {
  const Bytes cap = CapOf(vm, tier);
  const Bytes reserved = std::clamp(PageDown(vm.policy[tier].reservation), std::min(vm.tiers[tier].floor, cap), cap);
  return reserved - PagesOf(reserved - demand, options.idle_tax);
}

}  // namespace hypertier::qos
