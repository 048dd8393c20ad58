// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/model.h"
#include "host-service/web/json.h"

namespace hypertier::web {

// What a list shows of a VM, as an object.
void WriteVm(JsonWriter& json, const control::VmRecord& vm);

// The same with all that is known of it.
void WriteVmInFull(JsonWriter& json, const control::VmRecord& vm);

}  // namespace hypertier::web
