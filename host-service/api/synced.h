// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include "absl/status/status.h"
#include "host-service/control/snapshot.h"

namespace hypertier::api {

// Unavailable until libvirt has delivered a first full list: nothing is known then.
inline absl::Status CheckSynced(const control::FleetSnapshot& snapshot) {
  if (snapshot.synced) return absl::OkStatus();
  return absl::UnavailableError(fmt::format(
      "hypertierd has not had a list of domains from libvirt yet ({}); it keeps trying", snapshot.disconnect_reason));
}

}  // namespace hypertier::api
