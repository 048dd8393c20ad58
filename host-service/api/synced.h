// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "host-service/control/snapshot.h"

namespace hypertier::api {

// Unavailable until libvirt has delivered a first full list: nothing is known then.
inline absl::Status CheckSynced(const control::FleetSnapshot& snapshot) {
  return snapshot.synced ? absl::OkStatus() : control::NothingKnown(snapshot.disconnect_reason);
}

}  // namespace hypertier::api
