// SPDX-License-Identifier: Apache-2.0
//
// What is promised of a host, and what that leaves.
#pragma once

#include <vector>

#include "host-service/control/model.h"
#include "host-service/control/options.h"
#include "host-service/control/snapshot.h"
#include "host-service/control/vm.h"
#include "host-service/qos/model.h"

namespace hypertier::control {

// A two-tier VM with a QEMU.
bool Runs(const VmRecord& vm);
// A running one whose tiers follow its targets by its agent: with virtio-mem it may do without.
bool NeedsAgent(const VmRecord& vm);

// What nobody else can count on of a VM's tier, whether or not it is in use: what it reserves; where nobody plans its
// target, that. Nothing of a VM that does not run.
Bytes CommittedOf(const Vm& vm, TierId tier, const EngineOptions& options);

// Capacity, tenants, VMs, and grants of VMs that do not run here (yet), as qos/admission.h takes them: what is
// committed counts as reserved. Where the host's capacity is not known it is 0, and so are terms in percent of it.
qos::Snapshot CommitmentsOf(const FleetSnapshot& fleet);
// No new VM should come here: nothing is known or planned, or reservations do not fit. `commitments` are the fleet's
// own.
bool IsDegraded(const FleetSnapshot& fleet, const qos::Snapshot& commitments);
// Index of a tenant in it, which is added where it is new.
std::size_t TenantIn(qos::Snapshot& commitments, const std::string& tenant, const TenantMap& tenants);

// The largest target that `vm` can have at this moment: without taking what others are promised or still hold, and
// within the limit of its tenant. `fleet` may contain it.
struct Room {
  Bytes host;
  Bytes tenant;
};
Room RoomFor(const Vm& vm, TierId tier, const std::vector<const Vm*>& fleet, const TenantMap& tenants,
             const GrantMap& grants, const EngineOptions& options);

// SMEM that nobody holds, is promised, or reserves as a tenant. Only where the host's capacity is known.
Bytes SpareSmem(const std::vector<const Vm*>& fleet, const TenantMap& tenants, const GrantMap& grants,
                const EngineOptions& options);

}  // namespace hypertier::control
