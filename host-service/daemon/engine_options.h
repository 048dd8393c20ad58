// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/capacity/host_capacity.h"
#include "host-service/config/config.h"
#include "host-service/control/options.h"

namespace hypertier::daemon {

// What the configuration means for the engine, on this host; tells the log what VMs may have.
control::EngineOptions EngineOptionsOf(const Config& config);

CapacityOptions CapacityOptionsOf(const Config::Qos& qos);

}  // namespace hypertier::daemon
