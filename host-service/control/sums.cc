// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/sums.h"

#include "host-service/control/commitment.h"

namespace hypertier::control {

void Sums::Add(const VmRecord& vm) {
  if (!Runs(vm)) return;
  ++vms;
  for (const TierId id : kTiers) {
    const TierRecord& tier = (*vm.tiers)[id];
    TierSums& sum = tiers[id];
    sum.target += tier.target.value_or(tier.cell);
    sum.charged += tier.charged;
    sum.resident += tier.resident.value_or(Bytes());
    sum.missing += tier.missing;
    if (vm.mode == policy::Mode::kAuto && tier.target) sum.burst += *tier.target - tier.policy.reservation;
  }
  if (vm.placement == nullptr || !vm.placement->has_hit_ratio()) return;
  accesses_ += vm.placement->access_rate();
  hits_ += vm.placement->access_rate() * vm.placement->hit_ratio();
}

Sums& Sums::operator+=(const Sums& others) {
  vms += others.vms;
  for (const TierId id : kTiers) {
    TierSums& sum = tiers[id];
    const TierSums& other = others.tiers[id];
    sum.target += other.target;
    sum.charged += other.charged;
    sum.resident += other.resident;
    sum.burst += other.burst;
    sum.missing += other.missing;
  }
  accesses_ += others.accesses_;
  hits_ += others.hits_;
  return *this;
}

std::optional<double> Sums::HitRatio() const {
  if (!(accesses_ > 0)) return std::nullopt;
  return hits_ / accesses_;
}

}  // namespace hypertier::control
