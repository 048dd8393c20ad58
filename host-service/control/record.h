// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/options.h"
#include "host-service/control/vm.h"

namespace hypertier::control {

// What everybody else may see of a VM; `updated` is left to the caller.
VmRecord MakeRecord(const Vm& vm, const EngineOptions& options);

// Same in everything but `updated`, the time of the last report and the figures of placement, which change with each.
bool SameButForTimes(const VmRecord& a, const VmRecord& b);

}  // namespace hypertier::control
