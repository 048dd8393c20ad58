// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "host-service/control/snapshot.h"
#include "host-service/control/sums.h"
#include "host-service/qos/model.h"

namespace hypertier::control {

// What a tenant is promised, and what its VMs have.
struct TenantFigures {
  // Null: it has no terms of its own.
  const TenantRecord* record = nullptr;
  // Percentages of a capacity that nobody knows are left out.
  PerTier<qos::TierPolicy> terms;
  Sums sums;
  // What its VMs that run, and grants of others, reserve.
  PerTier<Bytes> vms_reservation;
};

// Of the tenants that have terms or that VMs or grants name, by id; "": of nobody. `fleet` outlives them;
// `commitments` are its own.
std::map<std::string, TenantFigures> TenantsOf(const FleetSnapshot& fleet, const qos::Snapshot& commitments);

}  // namespace hypertier::control
