// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/metrics/families.h"

namespace hypertier::metrics {

// What hypertierd itself costs.
void AddProcess(Families& families);

}  // namespace hypertier::metrics
