// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/snapshot.h"
#include "host-service/web/json.h"

namespace hypertier::web {

// The host, as an object.
void WriteHost(JsonWriter& json, const control::FleetSnapshot& fleet, const std::string& host_name);

// Tenants that have terms and those that VMs name, as an array in the order of their ids.
void WriteTenants(JsonWriter& json, const control::FleetSnapshot& fleet);

}  // namespace hypertier::web
