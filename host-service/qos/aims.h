// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/tier.h"
#include "host-service/qos/burst.h"
#include "host-service/qos/model.h"
#include "host-service/qos/options.h"
#include "host-service/qos/plan.h"

namespace hypertier::qos {

// Where each VM's target is going: claim and burst. `fmem`: what each is to have of FMEM, for the demand in SMEM.
// Amount and aim are the same; of frozen VMs both are what they have, up to their limit.
std::vector<Target> FindAims(const Snapshot& snapshot, TierId tier, const std::vector<Bytes>& fmem,
                             const BurstPolicy& policy, const Options& options);

}  // namespace hypertier::qos
