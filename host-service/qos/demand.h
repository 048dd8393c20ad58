// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/qos/model.h"
#include "host-service/qos/options.h"

namespace hypertier::qos {

// The most that a VM may ever have of a tier.
Bytes CapOf(const Vm& vm, TierId tier);

// What a VM would make use of: of FMEM, what serves busy_share of its accesses; of SMEM, what does not fit into the
// FMEM it is to have; with headroom, and more under pressure. At most its cap.
Bytes DemandOf(const Vm& vm, TierId tier, Bytes fmem, const Options& options);

// What it is entitled to now: its reservation, less what it lends of the part that it does not use.
Bytes ClaimOf(const Vm& vm, TierId tier, Bytes demand, const Options& options);

}  // namespace hypertier::qos
