// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/settle.h"

#include <algorithm>

#include "host-service/qos/demand.h"
#include "host-service/qos/hierarchy.h"

namespace hypertier::qos {
namespace {

class Settling {
 public:
  Settling(const Snapshot& snapshot, TierId tier, const Options& options, std::vector<Target>& targets)
      : snapshot_(snapshot), tier_(tier), options_(options), targets_(targets) {}

  void Run() {
    // Targets that may stay as they are must not keep anybody from its reservation.
    if (!TrySmallChangesLeftOut()) Place(false);
    Grow(&Settling::Owed);
    // Crumbs that rounding has left are nobody's burst.
    if (RoomOfHost() >= Bytes(targets_.size() * kPage.count())) Grow(&Settling::Step);
  }

 private:
  const Vm& vm(std::size_t i) const { return snapshot_.vms[i]; }
  Bytes now(std::size_t i) const { return vm(i).tiers[tier_].target; }

  bool IsSmall(std::size_t i) const {
    const Bytes aim = targets_[i].aim;
    const Bytes change = aim > now(i) ? aim - now(i) : now(i) - aim;
    return change < std::max(PagesOf(aim, options_.hysteresis), options_.least_change) && now(i) >= targets_[i].claim &&
           now(i) <= CapOf(vm(i), tier_);
  }

  // Sets all targets to what they are at once: of those that grow, what they have, or still have while they were
  // shrinking.
  void Place(bool leave_small) {
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (vm(i).frozen) continue;
      Target& target = targets_[i];
      target.amount = std::min(target.aim, std::max(now(i), vm(i).tiers[tier_].held));
      if (!leave_small || !IsSmall(i) || target.aim == now(i)) continue;
      target.amount = now(i);
      target.cause = Cause::kSteady;
    }
  }

  bool TrySmallChangesLeftOut() {
    Place(true);
    const std::vector<Bytes> room = RoomOfTenants();
    const Bytes host = RoomOfHost();
    Bytes owed;
    std::vector<Bytes> of_tenant(snapshot_.tenants.size());
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      owed += Owed(i);
      of_tenant[vm(i).tenant] += Owed(i);
    }
    for (std::size_t t = 0; t < room.size(); ++t) {
      if (of_tenant[t] > room[t]) return false;
    }
    return owed <= host && Fits();
  }

  bool Fits() const {
    Bytes sum;
    std::vector<Bytes> sums(snapshot_.tenants.size());
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      sum += targets_[i].amount;
      sums[vm(i).tenant] += targets_[i].amount;
    }
    for (std::size_t t = 0; t < sums.size(); ++t) {
      if (sums[t] > snapshot_.tenants[t].policy[tier_].limit) return false;
    }
    return sum <= snapshot_.capacity[tier_];
  }

  // What is in use or may be at any moment.
  Bytes Taken(std::size_t i) const { return std::max(targets_[i].amount, vm(i).tiers[tier_].held); }

  Bytes RoomOfHost() const {
    Bytes room = snapshot_.capacity[tier_];
    for (std::size_t i = 0; i < targets_.size(); ++i) room -= Taken(i);
    return room;
  }

  std::vector<Bytes> RoomOfTenants() const {
    std::vector<Bytes> room;
    for (const Tenant& tenant : snapshot_.tenants) room.push_back(tenant.policy[tier_].limit);
    for (std::size_t i = 0; i < targets_.size(); ++i) room[vm(i).tenant] -= Taken(i);
    return room;
  }

  Bytes Owed(std::size_t i) const {
    return vm(i).frozen ? Bytes() : std::min(targets_[i].claim, targets_[i].aim) - targets_[i].amount;
  }

  Bytes Step(std::size_t i) const {
    const Target& target = targets_[i];
    if (vm(i).frozen || IsSmall(i)) return Bytes();
    const Bytes way = target.aim - target.amount;
    return std::min(way, std::max(PagesOf(way, options_.burst_step), options_.least_step));
  }

  // Lets all grow by what `wish` says, as far as there is room.
  void Grow(Bytes (Settling::*wish)(std::size_t) const) {
    Hierarchy hierarchy;
    const std::vector<Bytes> room = RoomOfTenants();
    for (std::size_t t = 0; t < room.size(); ++t) {
      hierarchy.tenants.push_back({snapshot_.tenants[t].policy[tier_].shares, Bytes(), room[t]});
    }
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      hierarchy.vms.push_back({vm(i).tenant, {vm(i).policy[tier_].shares, Bytes(), (this->*wish)(i)}});
    }
    const std::vector<Bytes> grown = hierarchy.Divide(RoomOfHost());
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      const Bytes wished = hierarchy.vms[i].contender.most;
      if (wished == Bytes()) continue;
      targets_[i].amount += grown[i];
      if (targets_[i].amount < targets_[i].aim) targets_[i].cause = grown[i] < wished ? Cause::kWaiting : Cause::kStep;
    }
  }

  const Snapshot& snapshot_;
  const TierId tier_;
  const Options& options_;
  std::vector<Target>& targets_;
};

}  // namespace

void Settle(const Snapshot& snapshot, TierId tier, const Options& options, std::vector<Target>& targets) {
  Settling(snapshot, tier, options, targets).Run();
}

}  // namespace hypertier::qos
