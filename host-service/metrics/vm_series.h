// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/model.h"
#include "host-service/metrics/families.h"

namespace hypertier::metrics {

// Series of one VM.
void AddVm(Families& families, const control::VmRecord& vm);

}  // namespace hypertier::metrics
