// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host-service/control/model.h"
#include "host-service/control/now.h"
#include "host-service/control/options.h"
#include "host-service/control/vm.h"
#include "host-service/qos/model.h"

namespace hypertier::control {

// The host as the planner sees it.
struct Fleet {
  qos::Snapshot snapshot;
  // As snapshot.vms.
  std::vector<Vm*> vms;
};

// Whether the planner decides about this VM's targets: its policy (`mode`: another one in its place) says so, it can be
// reached, and no resize of a client is under way.
bool Planned(const Vm& vm, const EngineOptions& options);
bool Planned(const Vm& vm, policy::Mode mode, const EngineOptions& options);

// When what is held of the VM was last seen, on Now::mono's clock.
absl::Duration SeenAt(const Vm& vm, const Now& now);

// The target in force; where none is known, the cell.
Bytes TargetOf(const Vm& vm, TierId tier);

// All two-tier VMs that hold memory, in the order of their UUIDs. Those that the planner does not decide about are
// frozen in it: what they may hold counts, and they keep it. Of `tenants` the terms are known; others have a tenant's
// defaults. Only where options.qos.Plans().
Fleet MakeFleet(std::vector<Vm*> vms, const TenantMap& tenants, const EngineOptions& options, const Now& now);

}  // namespace hypertier::control
