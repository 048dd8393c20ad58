// SPDX-License-Identifier: Apache-2.0
//
// What clients ask about promises; errors and fields are those of hypertier/v1/qos.proto.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "host-service/control/model.h"
#include "host-service/control/now.h"
#include "host-service/ledger/ledger.h"
#include "host-service/policy/terms.h"
#include "host-service/qos/plan.h"

namespace hypertier::control {

// Who asks for a change, and why; for the audit log.
struct Caller {
  std::string actor;
  std::string reason;
};

AuditRecord MakeAudit(const Caller& caller, std::string action, std::string subject, std::string detail,
                      const Now& now);

// Names one state of a record: another one, or one of the same version after a deletion, has another.
std::string EtagOf(const TenantRecord& record);
std::string EtagOf(const VmPolicyRecord& record);

// For people: "3 grants: 1 new, 1 changed, 2 gone".
std::string Changes(const GrantMap& before, const GrantMap& after);

struct TenantEdit {
  std::string id;
  // Of the state that is to be changed; "": whichever it is.
  std::string etag;
  // Called on control's thread with what is in force.
  std::function<void(TenantRecord&)> edit;
};

struct VmPolicyEdit {
  // As FleetSnapshot::FindVm takes it.
  std::string vm;
  std::string etag;
  std::function<void(VmPolicyRecord&)> edit;
};

struct PreviewRequest {
  // In place of those in force, by tenant.
  std::map<std::string, policy::Terms> tenants;
  // In place of what was said over gRPC, by VM as FleetSnapshot::FindVm takes it.
  std::map<std::string, policy::VmTerms> policies;
  bool include_unchanged = false;
};

// A VM in a plan.
struct PlannedVm {
  std::string uuid;
  std::string name;
  std::string tenant;
  PerTier<Bytes> in_force;
  PerTier<Bytes> held;
  PerTier<qos::Target> targets;
};

struct Explanation {
  PlannedVm vm;
  std::vector<std::string> sentences;
};

struct AuditQuery {
  // "": all.
  std::string subject;
  // Older than this one; 0: from the newest on.
  std::uint64_t before = 0;
  std::size_t at_most = 0;
};

}  // namespace hypertier::control
