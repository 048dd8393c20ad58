// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "host-service/qos/demand.h"

namespace hypertier::qos {
namespace {

// Sums over the host, or over a tenant.
struct Sums {
  Bytes planned;
  Bytes frozen;
  // Targets, or what is held if that is more.
  Bytes taken;
  bool grows = false;

  void Add(const Vm& vm, TierId tier, Bytes target) {
    (vm.frozen ? frozen : planned) += target;
    taken += std::max(target, vm.tiers[tier].held);
    // Into what it held anyway is no growth.
    grows = grows || target > std::max(vm.tiers[tier].target, vm.tiers[tier].held);
  }
};

class Check {
 public:
  Check(const Snapshot& snapshot, const Plan& plan, TierId tier, std::vector<std::string>& found)
      : snapshot_(snapshot), plan_(plan), tier_(tier), found_(found) {}

  void Run() {
    Sums host;
    std::vector<Sums> tenants(snapshot_.tenants.size());
    for (std::size_t i = 0; i < snapshot_.vms.size(); ++i) {
      const Vm& vm = snapshot_.vms[i];
      const Bytes target = plan_.targets[i][tier_].amount;
      host.Add(vm, tier_, target);
      tenants[vm.tenant].Add(vm, tier_, target);
      CheckVm(i);
    }
    CheckSums("the host", host, snapshot_.capacity[tier_]);
    for (std::size_t t = 0; t < tenants.size(); ++t) {
      CheckSums(fmt::format("tenant {}", t), tenants[t], snapshot_.tenants[t].policy[tier_].limit);
    }
    CheckClaims(tenants);
  }

 private:
  template <typename... Args>
  void Say(fmt::format_string<Args...> format, Args&&... args) {
    found_.push_back(fmt::format("{}: {}", TierName(tier_), fmt::format(format, std::forward<Args>(args)...)));
  }

  void CheckVm(std::size_t i) {
    const Vm& vm = snapshot_.vms[i];
    const Bytes target = plan_.targets[i][tier_].amount;
    const Bytes cap = CapOf(vm, tier_);
    if (target > cap) Say("VM {} gets {} where {} is its limit", i, FormatBytes(target), FormatBytes(cap));
    if (vm.frozen && target > vm.tiers[tier_].target) Say("VM {} is frozen and grows to {}", i, FormatBytes(target));
    if (target.count() % kPage.count() != 0 && target != vm.tiers[tier_].target) Say("VM {}: no whole pages", i);
  }

  void CheckSums(const std::string& who, const Sums& sums, Bytes most) {
    if (sums.planned > most - sums.frozen) {
      Say("targets of {} are {}, and {} of frozen VMs, where {} is the most", who, FormatBytes(sums.planned),
          FormatBytes(sums.frozen), FormatBytes(most));
    }
    if (sums.grows && sums.taken > most) {
      Say("{} has a VM that grows while {} of {} are taken", who, FormatBytes(sums.taken), FormatBytes(most));
    }
  }

  void CheckClaims(const std::vector<Sums>& tenants) {
    // Dividing in whole pages leaves one for each VM at the most.
    const Bytes crumbs(snapshot_.vms.size() * kPage.count());
    bool owed = false;
    for (std::size_t i = 0; i < snapshot_.vms.size(); ++i) {
      const Target& target = plan_.targets[i][tier_];
      const Sums& tenant = tenants[snapshot_.vms[i].tenant];
      const Bytes limit = snapshot_.tenants[snapshot_.vms[i].tenant].policy[tier_].limit;
      // What its own tenant keeps from it, the others cannot give.
      owed = owed || (target.amount < target.claim && tenant.taken + crumbs < limit);
    }
    if (!owed) return;
    for (std::size_t i = 0; i < snapshot_.vms.size(); ++i) {
      const Vm& vm = snapshot_.vms[i];
      const Target& target = plan_.targets[i][tier_];
      if (target.amount > std::max({target.claim, vm.tiers[tier_].target, vm.tiers[tier_].held})) {
        Say("VM {} grows beyond its claim while others have less than theirs", i);
      }
    }
  }

  const Snapshot& snapshot_;
  const Plan& plan_;
  const TierId tier_;
  std::vector<std::string>& found_;
};

}  // namespace

std::vector<std::string> Violations(const Snapshot& snapshot, const Plan& plan) {
  std::vector<std::string> found;
  for (const TierId tier : kTiers) Check(snapshot, plan, tier, found).Run();
  return found;
}

}  // namespace hypertier::qos
