// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "host-service/qos/burst.h"
#include "host-service/qos/model.h"
#include "host-service/qos/overstay.h"
#include "host-service/qos/plan.h"
#include "tests/sim/guest.h"
#include "tests/sim/scenario.h"

namespace hypertier::sim {

// What hypertierd would know and do: it hears agents, measures what each VM holds, and puts the planner's targets in
// force.
class Host {
 public:
  // `policy` is one that MakeBurstPolicy knows.
  Host(const Scenario& scenario, const std::string& policy);

  std::size_t vms() const { return vms_.size(); }

  // What VMs have when the scenario begins: their reservations, or what of them fits.
  std::vector<PerTier<Bytes>> Begin();

  void Hear(std::size_t vm, Report report, Seconds now);
  // Measured on the host, so known of silent VMs, too.
  void Measure(std::size_t vm, PerTier<Bytes> held) { vms_[vm].measured = held; }
  // Makes the targets of this period; returns what is wrong with them by the planner's own invariants.
  std::vector<std::string> Plan(Seconds now);
  // To be sent until it has been confirmed.
  const Order& OrderTo(std::size_t vm) const { return vms_[vm].open.back(); }

  const qos::Snapshot& snapshot() const { return snapshot_; }
  const qos::Plan& plan() const { return plan_; }

 private:
  struct Known {
    Report report;
    // Of the last report; before the first, long ago.
    Seconds heard = -1e9;
    PerTier<Bytes> measured;
    PerTier<qos::Overstay> overstay;
    // Orders that the guest may still act on: from the one it last said it follows to the newest.
    std::deque<Order> open{Order()};
  };
  void Update(std::size_t vm, Seconds now);
  // The most that a VM may have in use, whichever of its orders it follows.
  Bytes Charge(std::size_t vm, TierId tier) const;

  const Scenario& scenario_;
  const std::unique_ptr<qos::BurstPolicy> policy_;
  qos::Snapshot snapshot_;
  qos::Plan plan_;
  std::vector<Known> vms_;
};

}  // namespace hypertier::sim
