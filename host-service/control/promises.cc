// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/promises.h"

#include <fmt/format.h>

namespace hypertier::control {

AuditRecord MakeAudit(const Caller& caller, std::string action, std::string subject, std::string detail,
                      const Now& now) {
  if (!caller.reason.empty()) detail += fmt::format("; reason: {}", caller.reason);
  return {.sequence = 0,
          .time = now.wall,
          .actor = caller.actor,
          .action = std::move(action),
          .subject = std::move(subject),
          .detail = std::move(detail)};
}

std::string Changes(const GrantMap& before, const GrantMap& after) {
  std::size_t fresh = 0;
  std::size_t changed = 0;
  for (const auto& [uuid, grant] : after) {
    const auto old = before.find(uuid);
    if (old == before.end()) ++fresh;
    if (old != before.end() && !(old->second == grant)) ++changed;
  }
  const std::size_t gone = before.size() + fresh - after.size();
  return fmt::format("{} grants: {} new, {} changed, {} gone", after.size(), fresh, changed, gone);
}

std::string EtagOf(const TenantRecord& record) {
  return fmt::format("{:x}-{}", absl::ToUnixNanos(record.created), record.version);
}

std::string EtagOf(const VmPolicyRecord& record) {
  return fmt::format("{:x}-{}", absl::ToUnixNanos(record.changed), record.version);
}

}  // namespace hypertier::control
