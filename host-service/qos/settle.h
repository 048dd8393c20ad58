// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/tier.h"
#include "host-service/qos/model.h"
#include "host-service/qos/options.h"
#include "host-service/qos/plan.h"

namespace hypertier::qos {

// From aims to targets that can be put in force now.
void Settle(const Snapshot& snapshot, TierId tier, const Options& options, std::vector<Target>& targets);

}  // namespace hypertier::qos
