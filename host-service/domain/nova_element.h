// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "host-service/policy/terms.h"

namespace hypertier::domain {

// What nova writes about a server in its domain's <nova:instance> (nova/virt/libvirt/config.py,
// LibvirtConfigGuestMeta*).
struct NovaInstance {
  // UUID of the project that owns the server.
  std::string project;
  // The flavor's extra specs that concern us. Only nova 32 (2025.2) and later write them.
  policy::VmTerms policy;
  // Of hypertier:migrate_mbps, in a second.
  std::optional<Bytes> move_rate;
};

// What of the extra specs cannot be read is left out, and told in `problems`.
NovaInstance ReadNovaInstance(const pugi::xml_node& element, std::vector<std::string>& problems);

}  // namespace hypertier::domain
