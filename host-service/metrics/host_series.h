// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/snapshot.h"
#include "host-service/metrics/families.h"

namespace hypertier::metrics {

// Series of the host and of tenants, which do not grow with the VMs: what alerts and a scheduler of many hosts go by.
// With them it can answer what CheckAdmission would (qos/admission.h).
void AddHost(Families& families, const control::FleetSnapshot& fleet);

}  // namespace hypertier::metrics
