// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/snapshot.h"
#include "host-service/qos/model.h"
#include "host-service/web/json.h"

namespace hypertier::web {

// The host, as an object; `commitments` are the fleet's own (control/commitment.h).
void WriteHost(JsonWriter& json, const control::FleetSnapshot& fleet, const qos::Snapshot& commitments,
               const std::string& host_name);

// Tenants that have terms and those that VMs name, as an array in the order of their ids.
void WriteTenants(JsonWriter& json, const control::FleetSnapshot& fleet, const qos::Snapshot& commitments);

}  // namespace hypertier::web
