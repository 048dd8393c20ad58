// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host-service/qos/model.h"
#include "host-service/qos/plan.h"

namespace hypertier::qos {

// What a plan breaks of what it is to keep, each in a sentence; empty if all is well. To be asked before a plan is put
// in force.
//
//   Targets that are not frozen do not sum past what frozen ones leave of the host's capacity, nor of their tenant's
//   limit. No target is above its VM's limit or its cell. A frozen VM does not grow. Nobody grows unless targets, or
//   what is still held where that is more, stay within host and tenant. While a VM has less than its claim, no VM of
//   the host that is not frozen grows beyond its own.
std::vector<std::string> Violations(const Snapshot& snapshot, const Plan& plan);

}  // namespace hypertier::qos
