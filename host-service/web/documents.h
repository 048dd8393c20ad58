// SPDX-License-Identifier: Apache-2.0
//
// The JSON documents of the status page; docs/status-page.md describes each field. What comes of one snapshot is a pure
// function of it.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "host-service/control/snapshot.h"
#include "host-service/web/timeline.h"

namespace hypertier::web {

// What does not come from a snapshot.
struct About {
  // Of hypertierd.
  std::string version;
  // What the host calls itself.
  std::string host_name;
  // When the document is made.
  absl::Time now;
};

// GET /api/v1/status: the host, the tenants, and all VMs.
std::string StatusDocument(const control::FleetSnapshot& fleet, const About& about);

// GET /api/v1/host: the host, with its last hour.
std::string HostDocument(const control::FleetSnapshot& fleet, const About& about, const Timeline& line);

// GET /api/v1/vms/{uuid}: one VM with all that is known of it, and its last hour.
std::string VmDocument(const control::FleetSnapshot& fleet, const control::VmRecord& vm, const About& about,
                       const Timeline& line);

}  // namespace hypertier::web
