// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

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

// Whether the planner decides about this VM's targets: its policy says so, it can be reached, and no resize of a
// client is under way.
bool Planned(const Vm& vm, const EngineOptions& options);

// All two-tier VMs that hold memory, in the order of their UUIDs. Those that the planner does not decide about are
// frozen in it: what they may hold counts, and they keep it. Call it each period, since it follows who overstays. Of
// `tenants` the terms are known; others have a tenant's defaults. Only where options.qos.Plans().
Fleet MakeFleet(std::vector<Vm*> vms, const std::map<std::string, policy::Terms>& tenants, const EngineOptions& options,
                const Now& now);

}  // namespace hypertier::control
