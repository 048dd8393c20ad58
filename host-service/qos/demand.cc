// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/demand.h"

#include <algorithm>
#include <cstdint>

namespace hypertier::qos {
namespace {

Bytes Times(Bytes bytes, double factor) {
  const double product = static_cast<double>(bytes.count()) * factor;
  if (!(product > 0)) return Bytes();
  // All amounts of memory are far below.
  return PageDown(product >= 0x1p62 ? Bytes(std::uint64_t{1} << 62) : Bytes(static_cast<std::uint64_t>(product)));
}

// FMEM that serves so large a share of the accesses, between two points in proportion.
Bytes ServingShare(const std::vector<CurvePoint>& curve, double share) {
  CurvePoint before;
  for (const CurvePoint& point : curve) {
    if (point.share >= share) {
      const double way = point.share > before.share ? (share - before.share) / (point.share - before.share) : 1;
      return before.fmem + Times(point.fmem - before.fmem, way);
    }
    before = point;
  }
  return before.fmem;
}

}  // namespace

Bytes CapOf(const Vm& vm, TierId tier) {
  return PageDown(std::min(vm.policy[tier].limit, vm.tiers[tier].size));
}

Bytes DemandOf(const Vm& vm, TierId tier, Bytes fmem, const Options& options) {
  const VmTier& now = vm.tiers[tier];
  const Bytes cap = CapOf(vm, tier);
  Bytes used = cap;
  if (tier == TierId::kFmem && !vm.curve.empty()) {
    used = ServingShare(vm.curve, options.busy_share);
  } else if (vm.used) {
    used = tier == TierId::kFmem ? *vm.used : *vm.used - fmem;
  }
  Bytes demand = used + Times(used, options.headroom);
  if (vm.pressure >= options.pressure) {
    demand = std::max(demand, now.target + Times(now.target, options.pressure_step) + kPage);
  }
  return std::clamp(PageDown(demand), std::min(now.floor, cap), cap);
}

Bytes ClaimOf(const Vm& vm, TierId tier, Bytes demand, const Options& options) {
  const Bytes cap = CapOf(vm, tier);
  const Bytes reserved = std::clamp(PageDown(vm.policy[tier].reservation), std::min(vm.tiers[tier].floor, cap), cap);
  return reserved - Times(reserved - demand, options.idle_tax);
}

}  // namespace hypertier::qos
