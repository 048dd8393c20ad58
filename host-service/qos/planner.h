// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/qos/burst.h"
#include "host-service/qos/model.h"
#include "host-service/qos/options.h"
#include "host-service/qos/plan.h"

namespace hypertier::qos {

// Targets for every VM, and why. A function of its arguments; equal ones give equal plans. For each tier, FMEM first:
//
//   claims  each VM gets its reservation, less what it lends of an idle part; within the tenant's limit, and the host's
//   capacity burst   what is left, divided by the policy settle  small changes are left out; shrinking begins at once;
//   growing waits until what it grows into is free, reservations first
//
// Of targets that are not frozen holds, for the host and for each tenant: they do not sum past what capacity or limit
// leaves, and none grows before there is room for it (see invariants.h).
Plan MakePlan(const Snapshot& snapshot, const BurstPolicy& policy, const Options& options = {});

}  // namespace hypertier::qos
