// SPDX-License-Identifier: Apache-2.0
//
// Engine: what tenants and VMs are promised over gRPC, and who changed it.
#include <fmt/format.h>

#include "common/text.h"
#include "host-service/control/engine.h"
#include "host-service/policy/changes.h"
#include "host-service/policy/check.h"

namespace hypertier::control {
namespace {

absl::Status CheckEtag(const std::string& wanted, const std::string& in_force, std::string_view what) {
  if (wanted.empty() || wanted == in_force) return absl::OkStatus();
  return absl::AbortedError(fmt::format(
      "etag: {} has been changed since it was read (\"{}\" is in force); read it again and repeat the change", what,
      in_force));
}

absl::Status NotWritten(const absl::Status& status) {
  return absl::Status(
      status.code(),
      fmt::format("the ledger could not take down the change, so nothing was changed: {}", ToString(status.message())));
}

absl::Status NoSuchTenant(const std::string& id) {
  return absl::NotFoundError(
      fmt::format("name: nothing was said about tenants/{}; ListTenants shows all, CreateTenant begins one", id));
}

std::string ChangesOf(const TenantRecord& before, const TenantRecord& after) {
  const std::string terms = policy::Changes(before.terms, after.terms);
  if (before.display_name == after.display_name) return terms;
  return fmt::format("name \"{}\" -> \"{}\", terms: {}", before.display_name, after.display_name, terms);
}

}  // namespace

void Engine::KeepTerms(std::vector<TenantRecord> tenants, std::vector<VmPolicyRecord> policies) {
  auto tenant_map = std::make_shared<TenantMap>();
  for (TenantRecord& record : tenants) (*tenant_map)[record.id] = std::move(record);
  tenants_ = std::move(tenant_map);
  auto policy_map = std::make_shared<VmPolicyMap>();
  for (VmPolicyRecord& record : policies) (*policy_map)[record.uuid] = std::move(record);
  policies_ = std::move(policy_map);
}

absl::Status Engine::PutTenant(const TenantRecord& tenant, const TenantRecord& before, std::string action,
                               const Caller& caller, const Now& now) {
  if (absl::Status status = policy::CheckTerms(tenant.terms, options_.qos.capacity); !status.ok()) return status;
  const AuditRecord audit =
      MakeAudit(caller, std::move(action), "tenants/" + tenant.id, ChangesOf(before, tenant), now);
  if (const absl::Status status = world_.ledger->PutTenant(tenant, audit); !status.ok()) return NotWritten(status);
  auto tenants = std::make_shared<TenantMap>(*tenants_);
  (*tenants)[tenant.id] = tenant;
  tenants_ = std::move(tenants);
  ++audited_;
  header_changed_ = true;
  next_plan_ = now.mono;
  return absl::OkStatus();
}

absl::StatusOr<TenantRecord> Engine::CreateTenant(TenantRecord tenant, const Caller& caller, const Now& now) {
  if (tenants_->contains(tenant.id)) {
    return absl::AlreadyExistsError(
        fmt::format("tenant.name: tenants/{} has terms already; change them with UpdateTenant", tenant.id));
  }
  tenant.version = 1;
  tenant.created = tenant.changed = now.wall;
  if (absl::Status status = PutTenant(tenant, {}, "tenant.create", caller, now); !status.ok()) return status;
  return tenant;
}

absl::StatusOr<TenantRecord> Engine::UpdateTenant(const TenantEdit& edit, const Caller& caller, const Now& now) {
  const auto known = tenants_->find(edit.id);
  if (known == tenants_->end()) return NoSuchTenant(edit.id);
  const TenantRecord before = known->second;
  if (absl::Status same = CheckEtag(edit.etag, EtagOf(before), "tenants/" + edit.id); !same.ok()) return same;
  TenantRecord after = before;
  edit.edit(after);
  if (after == before) return after;
  ++after.version;
  after.changed = now.wall;
  if (absl::Status status = PutTenant(after, before, "tenant.update", caller, now); !status.ok()) return status;
  return after;
}

absl::Status Engine::DeleteTenant(const std::string& id, const std::string& etag, const Caller& caller,
                                  const Now& now) {
  const auto known = tenants_->find(id);
  if (known == tenants_->end()) return NoSuchTenant(id);
  if (absl::Status same = CheckEtag(etag, EtagOf(known->second), "tenants/" + id); !same.ok()) return same;
  const AuditRecord audit = MakeAudit(caller, "tenant.delete", "tenants/" + id, ChangesOf(known->second, {}), now);
  if (const absl::Status status = world_.ledger->DeleteTenant(id, audit); !status.ok()) return NotWritten(status);
  auto tenants = std::make_shared<TenantMap>(*tenants_);
  tenants->erase(id);
  tenants_ = std::move(tenants);
  ++audited_;
  header_changed_ = true;
  next_plan_ = now.mono;
  return absl::OkStatus();
}

absl::StatusOr<VmPolicyRecord> Engine::UpdateVmPolicy(const VmPolicyEdit& edit, const Caller& caller, const Now& now) {
  if (absl::Status synced = CheckSynced(); !synced.ok()) return synced;
  const auto found = FindByName(edit.vm);
  if (!found.ok()) return found.status();
  Vm& vm = **found;
  const auto known = policies_->find(vm.uuid);
  VmPolicyRecord before{.uuid = vm.uuid, .policy = {}, .version = 0, .changed = absl::InfinitePast()};
  if (known != policies_->end()) before = known->second;
  const std::string etag = known != policies_->end() ? EtagOf(before) : "";
  const std::string name = fmt::format("vms/{}/policy", vm.uuid);
  if (absl::Status same = CheckEtag(edit.etag, etag, name); !same.ok()) return same;
  VmPolicyRecord after = before;
  edit.edit(after);
  if (after == before) return after;
  if (absl::Status status = CheckVmTerms(vm, after.policy); !status.ok()) return status;
  ++after.version;
  after.changed = now.wall;
  if (absl::Status status = WriteVmPolicy(vm, after, before.policy, caller, now); !status.ok()) return status;
  return after;
}

absl::Status Engine::CheckVmTerms(const Vm& vm, const policy::VmTerms& said) const {
  if (!said.qos_class.empty() && !options_.qos.classes.contains(said.qos_class)) {
    return absl::InvalidArgumentError(fmt::format(
        "policy.qos_class: the configuration has no [class.{}]; GetHost shows those that it has", said.qos_class));
  }
  const std::optional<PerTier<Bytes>> cells = vm.TwoTier() ? std::optional(vm.cells()) : std::nullopt;
  return policy::CheckTerms(said.terms, cells);
}

absl::Status Engine::WriteVmPolicy(Vm& vm, const VmPolicyRecord& policy, const policy::VmTerms& before,
                                   const Caller& caller, const Now& now) {
  const AuditRecord audit =
      MakeAudit(caller, "policy.update", "vms/" + vm.uuid, policy::Changes(before, policy.policy), now);
  if (const absl::Status status = world_.ledger->PutVmPolicy(policy, audit); !status.ok()) return NotWritten(status);
  auto policies = std::make_shared<VmPolicyMap>(*policies_);
  (*policies)[vm.uuid] = policy;
  policies_ = std::move(policies);
  ++audited_;
  header_changed_ = true;
  ResolvePromise(vm);
  Touch(vm);
  next_plan_ = now.mono;
  return absl::OkStatus();
}

bool Engine::ForgetVmPolicy(const std::string& uuid, const Now& now) {
  const auto kept = policies_->find(uuid);
  if (kept == policies_->end()) return true;
  const Caller caller{
      .actor = "hypertierd",
      .reason = fmt::format("its domain has been gone for {}", absl::FormatDuration(options_.keep_absent))};
  const AuditRecord audit =
      MakeAudit(caller, "policy.delete", "vms/" + uuid, policy::Changes(kept->second.policy, {}), now);
  if (const absl::Status status = world_.ledger->DeleteVmPolicy(uuid, audit); !status.ok()) {
    Trouble(nullptr, fmt::format("forgetting the policy of {}", uuid), status);
    return false;
  }
  ++audited_;
  auto policies = std::make_shared<VmPolicyMap>(*policies_);
  policies->erase(uuid);
  policies_ = std::move(policies);
  header_changed_ = true;
  return true;
}

absl::Status Engine::SetGrants(std::vector<GrantRecord> grants, const Caller& caller, const Now& now) {
  GrantMap after;
  for (GrantRecord& grant : grants) {
    const std::string uuid = grant.uuid;
    if (!after.emplace(uuid, std::move(grant)).second) {
      return absl::InvalidArgumentError(fmt::format("grants: VM {} is named twice; send one grant for each", uuid));
    }
  }
  if (after == *grants_) return absl::OkStatus();
  std::vector<GrantRecord> records;
  records.reserve(after.size());
  for (const auto& [uuid, grant] : after) records.push_back(grant);
  const AuditRecord audit = MakeAudit(caller, "grants.set", "host", Changes(*grants_, after), now);
  if (const absl::Status status = world_.ledger->SetGrants(records, audit); !status.ok()) return NotWritten(status);
  ++audited_;
  grants_ = std::make_shared<const GrantMap>(std::move(after));
  header_changed_ = true;
  for (const auto& [uuid, vm] : vms_) {
    ResolvePromise(*vm);
    Touch(*vm);
  }
  next_plan_ = now.mono;
  return absl::OkStatus();
}

void Engine::KeepMaintenance(std::optional<MaintenanceRecord> maintenance) {
  HostRecord host = *host_;
  host.maintenance = std::move(maintenance);
  host_ = std::make_shared<const HostRecord>(std::move(host));
  header_changed_ = true;
}

absl::Status Engine::CheckNoMaintenance() const {
  if (!host_->maintenance) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("the host is in maintenance ({}), and no target is changed until that is ended (tierctl maintenance "
                  "off)",
                  host_->maintenance->reason));
}

absl::Status Engine::SetMaintenance(bool active, const Caller& caller, const Now& now) {
  if (!active && !host_->maintenance) return absl::OkStatus();
  std::optional<MaintenanceRecord> after;
  if (active) {
    after = host_->maintenance.value_or(MaintenanceRecord{.reason = {}, .actor = caller.actor, .began = now.wall});
    after->reason = caller.reason;
  }
  const AuditRecord audit = MakeAudit(caller, active ? "maintenance.begin" : "maintenance.end", "host",
                                      active ? "no target is changed" : "targets are changed again", now);
  if (const absl::Status status = world_.ledger->SetMaintenance(after, audit); !status.ok()) return NotWritten(status);
  ++audited_;
  KeepMaintenance(std::move(after));
  next_plan_ = now.mono;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AuditRecord>> Engine::Audit(const AuditQuery& query) {
  return world_.ledger->LoadAudit(query.before, query.at_most, query.subject);
}

}  // namespace hypertier::control
