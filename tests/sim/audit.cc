// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/audit.h"

#include <fmt/format.h>

#include <algorithm>

namespace hypertier::sim {
namespace {

// Not worth a word: rounding to pages, here and there.
constexpr Bytes kTrifle = Bytes::MiB(1);

}  // namespace

// Over the host, or over a tenant.
struct Audit::Sums {
  Bytes most;
  Bytes held;
  Bytes due;
  // In use, or may be at any moment.
  Bytes taken;
  // Wanted of reservations, but not ordered.
  Bytes owed;
  // Told to be given back, by VMs that do so; and what those were told to keep beyond all reservation.
  Bytes coming;
  Bytes kept;

  void Add(const TierTruth& vm, const Group& group, bool heard, TierId tier) {
    held += vm.held;
    taken += std::max(vm.charge, vm.target);
    if (!heard) return;
    due += vm.due;
    owed += vm.due - vm.target;
    if (group.faults.ignores_targets) return;
    coming += vm.charge - vm.target;
    kept += vm.target - group.policy[tier].reservation;
  }
  Bytes Room() const { return most - taken; }
  // Those who are to give back do not have as much as is owed: others should be told, too.
  bool IsShort() const { return owed > Room() + coming + kTrifle; }
  bool HasRoom() const { return owed <= Room(); }
};

Audit::Audit(const Scenario& scenario) : scenario_(scenario), unmet_(scenario.groups.size()) {
  std::size_t vms = 0;
  for (const Group& group : scenario.groups) vms += group.count;
  clocks_.resize(vms);
}

std::vector<std::string> Audit::Check(const std::vector<VmTruth>& vms) {
  std::vector<std::string> broken;
  for (const TierId tier : kTiers) CheckTier(vms, tier, broken);
  return broken;
}

void Audit::CheckTier(const std::vector<VmTruth>& vms, TierId tier, std::vector<std::string>& broken) {
  Sums host;
  host.most = scenario_.capacity[tier];
  std::vector<Sums> tenants(scenario_.tenants.size());
  for (std::size_t t = 0; t < tenants.size(); ++t) tenants[t].most = scenario_.tenants[t].policy[tier].limit;
  for (const VmTruth& vm : vms) {
    const Group& group = scenario_.groups[vm.group];
    host.Add(vm.tiers[tier], group, vm.heard, tier);
    tenants[group.tenant].Add(vm.tiers[tier], group, vm.heard, tier);
  }
  CheckLimits(vms, tier, host, tenants, broken);
  for (std::size_t i = 0; i < vms.size(); ++i) {
    const TierTruth& vm = vms[i].tiers[tier];
    const Group& group = scenario_.groups[vms[i].group];
    const Sums& tenant = tenants[group.tenant];
    Clock& clock = clocks_[i][tier];
    // A frozen VM is left alone; where more is wanted than there is, shares decide.
    const bool can_be_met = vms[i].heard && host.due <= host.most && tenant.due <= tenant.most;
    const Bytes unmet = can_be_met ? vm.due - vm.held : Bytes();
    clock.unmet = unmet > kTrifle ? clock.unmet + scenario_.period : 0;
    Unmet& worst = unmet_[vms[i].group][tier];
    if (unmet > kTrifle) worst.worst = std::max(worst.worst, unmet);
    worst.longest = std::max(worst.longest, clock.unmet);

    const bool is_late = tenant.IsShort() ? tenant.kept > kTrifle
                         : host.IsShort() ? host.kept > kTrifle
                                          : host.HasRoom() && tenant.HasRoom();
    const Bytes owed = vms[i].heard ? vm.due - vm.target : Bytes();
    clock.late = owed > kTrifle && is_late ? clock.late + scenario_.period : 0;
    if (clock.late <= scenario_.deadline) continue;
    broken.push_back(
        fmt::format("{}: {}[{}] has been told {} for {:.0f} s, where {} of its reservation are wanted and {}",
                    TierName(tier), group.name, vms[i].index, FormatBytes(vm.target), clock.late, FormatBytes(vm.due),
                    host.HasRoom() ? "there is room" : "others may keep what is not reserved for them"));
  }
}

void Audit::CheckLimits(const std::vector<VmTruth>& vms, TierId tier, const Sums& host,
                        const std::vector<Sums>& tenants, std::vector<std::string>& broken) const {
  const auto check = [&](std::string_view who, Bytes held, Bytes most) {
    if (held <= most) return;
    broken.push_back(fmt::format("{}: {} holds {}, where {} is the most", TierName(tier), who, FormatBytes(held),
                                 FormatBytes(most)));
  };
  check("the host", host.held, host.most);
  for (std::size_t t = 0; t < tenants.size(); ++t) {
    check("tenant " + scenario_.tenants[t].name, tenants[t].held, tenants[t].most);
  }
  for (const VmTruth& vm : vms) {
    const Group& group = scenario_.groups[vm.group];
    check(group.name, vm.tiers[tier].held, std::min(group.policy[tier].limit, group.cells[tier]));
  }
}

}  // namespace hypertier::sim
