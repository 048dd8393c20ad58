// SPDX-License-Identifier: Apache-2.0
//
// For tests: snapshots of a few VMs.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "host-service/control/snapshot.h"

namespace hypertier::web {

// A managed two-tier VM of "acme" with cells of 1 GiB, whose tiers have the same figures.
inline control::VmPtr TwoTierVm(const std::string& uuid, const std::string& name, Bytes target, Bytes resident) {
  auto vm = std::make_shared<control::VmRecord>();
  vm->uuid = uuid;
  vm->name = name;
  vm->tenant = "acme";
  vm->state = DomainState::kRunning;
  vm->management = control::Management::kManaged;
  vm->provisioner = domain::Provisioner::kDoubleBalloon;
  vm->agent.link = control::LinkState::kUp;
  vm->updated = absl::FromUnixSeconds(1'800'000'000);
  vm->tiers.emplace();
  for (const TierId id : kTiers) {
    control::TierRecord& tier = (*vm->tiers)[id];
    tier.state = control::GuestTierState::kIdle;
    tier.cell = Bytes::GiB(1);
    tier.target = target;
    tier.resident = resident;
    tier.balloon = tier.cell - target;
    tier.charged = target;
    tier.policy = {.reservation = Bytes::MiB(8), .limit = tier.cell, .shares = 1};
    tier.compliance = qos::Compliance::kCompliant;
  }
  return vm;
}

// A snapshot of them on a host with 4 GiB of FMEM and 8 GiB of SMEM.
inline control::FleetSnapshot FleetOf(std::vector<control::VmPtr> vms) {
  control::FleetSnapshot fleet;
  fleet.version = 7;
  fleet.synced = fleet.connected = true;
  fleet.index = control::BuildIndex(vms);
  fleet.vms = std::move(vms);
  control::HostRecord host;
  host.capacity = PerTier<Bytes>(Bytes::GiB(4), Bytes::GiB(8));
  host.policy = "hotness";
  fleet.host = std::make_shared<const control::HostRecord>(std::move(host));
  return fleet;
}

// Serves the snapshot that it was last given.
class FakeSource : public control::SnapshotSource {
 public:
  explicit FakeSource(control::FleetSnapshot fleet) { Publish(std::move(fleet)); }

  control::SnapshotPtr Snapshot() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void Publish(control::FleetSnapshot fleet) {
    auto next = std::make_shared<const control::FleetSnapshot>(std::move(fleet));
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  control::SnapshotPtr snapshot_;
};

}  // namespace hypertier::web
