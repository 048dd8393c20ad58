// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/qos/model.h"

namespace hypertier::qos {

// What of the reservations does not fit, each in a sentence with its numbers; empty if all do. A tenant's own
// reservation and those of its VMs overlap: the larger of the two counts.
std::vector<std::string> Unmet(const Snapshot& snapshot);

// The same for what would be with one more VM of a tenant, as far as it is that VM's doing: what is wrong without it is
// not held against it.
std::vector<std::string> WouldBeUnmet(const Snapshot& snapshot, std::size_t tenant, const PerTier<TierPolicy>& policy);

// That the VMs of a tenant reserve more than its limit, in a sentence.
std::string TenantSentence(TierId tier, const Tenant& tenant, Bytes reserved);

// All reservations of the host.
PerTier<Bytes> Reserved(const Snapshot& snapshot);

}  // namespace hypertier::qos
