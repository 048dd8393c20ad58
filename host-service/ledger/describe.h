// SPDX-License-Identifier: Apache-2.0
//
// For tests: all that a ledger holds as text, a record a line, so that two can be compared and a difference read.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "common/text.h"
#include "host-service/ledger/ledger.h"

namespace hypertier::test {

inline std::string Describe(absl::Time time) {
  if (time == absl::InfinitePast()) return "past";
  return time == absl::InfiniteFuture() ? "future" : std::to_string(absl::ToUnixNanos(time));
}

inline std::string Describe(const std::optional<Bytes>& bytes) {
  return bytes ? std::to_string(bytes->count()) : "-";
}

inline std::string Describe(const std::optional<policy::Amount>& amount) {
  if (!amount) return "-";
  return amount->percent() ? fmt::format("{}%", *amount->percent()) : std::to_string(amount->bytes().count());
}

inline std::string Describe(const policy::Terms& terms) {
  std::string text;
  for (const TierId tier : kTiers) {
    text += fmt::format(" {} {}..{} shares {}", TierName(tier), Describe(terms[tier].reservation),
                        Describe(terms[tier].limit), terms[tier].shares ? fmt::format("{}", *terms[tier].shares) : "-");
  }
  return text;
}

inline std::string Describe(const policy::VmTerms& policy) {
  const std::string mode = !policy.mode ? "-" : *policy.mode == policy::Mode::kAuto ? "auto" : "static";
  return fmt::format("mode {} class '{}'{}", mode, policy.qos_class, Describe(policy.terms));
}

inline std::string Describe(const OperationRecord& o) {
  return fmt::format("operation {} of {}: state {}, {} {} from {} {}, generation {}, {} {} {} {}, {}\n", o.id, o.uuid,
                     static_cast<int>(o.state), Describe(o.targets.fmem()), Describe(o.targets.smem()),
                     o.start.fmem().count(), o.start.smem().count(), o.generation, Describe(o.created),
                     Describe(o.updated), Describe(o.deadline), Describe(o.ended), o.error.ToString());
}

inline std::string Describe(Ledger& ledger) {
  const auto targets = ledger.LoadTargets();
  const auto operations = ledger.LoadOperations();
  const auto tenants = ledger.LoadTenants();
  const auto policies = ledger.LoadVmPolicies();
  const auto maintenance = ledger.LoadMaintenance();
  const auto grants = ledger.LoadGrants();
  const auto audit = ledger.LoadAudit(0, SIZE_MAX, "");
  for (const absl::Status& status : {targets.status(), operations.status(), tenants.status(), policies.status(),
                                     maintenance.status(), grants.status(), audit.status()}) {
    if (!status.ok()) return "unreadable: " + status.ToString();
  }
  std::string text;
  for (const TargetRecord& record : *targets) {
    text += fmt::format("targets of {}: {} {}, generation {}, {}\n", record.uuid, record.targets.fmem().count(),
                        record.targets.smem().count(), record.generation, Describe(record.changed));
  }
  for (const OperationRecord& record : *operations) text += Describe(record);
  for (const TenantRecord& record : *tenants) {
    text += fmt::format("tenant {} '{}':{}, version {}, {} {}\n", record.id, record.display_name,
                        Describe(record.terms), record.version, Describe(record.created), Describe(record.changed));
  }
  for (const VmPolicyRecord& record : *policies) {
    text += fmt::format("policy of {}: {}, version {}, {}\n", record.uuid, Describe(record.policy), record.version,
                        Describe(record.changed));
  }
  if (*maintenance) {
    text += fmt::format("maintenance: '{}', {}, {}\n", (*maintenance)->reason, (*maintenance)->actor,
                        Describe((*maintenance)->began));
  }
  for (const GrantRecord& grant : *grants) {
    text += fmt::format("grant of {}: '{}' {} {}\n", grant.uuid, grant.tenant, grant.reservation.fmem().count(),
                        grant.reservation.smem().count());
  }
  for (const AuditRecord& record : *audit) {
    text += fmt::format("audit {} {}: {} {} {} '{}'\n", record.sequence, Describe(record.time), record.actor,
                        record.action, record.subject, record.detail);
  }
  return text;
}

}  // namespace hypertier::test
