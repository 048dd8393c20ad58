// SPDX-License-Identifier: Apache-2.0
//
// For tests: the ledger as ledger.h promises it, in memory. model_test.cc holds SQLite's to it.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "host-service/ledger/ledger.h"

namespace hypertier {

class FakeLedger : public Ledger {
 public:
  absl::StatusOr<std::vector<TargetRecord>> LoadTargets() override { return All(targets); }
  absl::StatusOr<std::vector<OperationRecord>> LoadOperations() override {
    absl::StatusOr<std::vector<OperationRecord>> all = All(operations);
    if (all.ok()) {
      std::reverse(all->begin(), all->end());
      std::stable_sort(all->begin(), all->end(), [](const auto& a, const auto& b) { return a.created > b.created; });
    }
    return all;
  }
  absl::StatusOr<std::vector<TenantRecord>> LoadTenants() override { return All(tenants); }
  absl::StatusOr<std::vector<VmPolicyRecord>> LoadVmPolicies() override { return All(policies); }
  absl::StatusOr<std::vector<GrantRecord>> LoadGrants() override {
    if (!broken.ok()) return broken;
    std::vector<GrantRecord> all;
    for (const auto& [uuid, grant] : grants) all.push_back(grant);
    return all;
  }
  absl::StatusOr<std::optional<MaintenanceRecord>> LoadMaintenance() override {
    if (!broken.ok()) return broken;
    return maintenance;
  }
  absl::StatusOr<std::vector<AuditRecord>> LoadAudit(std::uint64_t before, std::size_t at_most,
                                                     const std::string& subject) override {
    if (!broken.ok()) return broken;
    std::vector<AuditRecord> found;
    for (auto at = audit.rbegin(); at != audit.rend() && found.size() < at_most; ++at) {
      if ((before == 0 || at->sequence < before) && (subject.empty() || at->subject == subject)) found.push_back(*at);
    }
    return found;
  }

  absl::Status SetTargets(const TargetRecord& record, const OperationRecord* begun, const OperationRecord* superseded,
                          const AuditRecord* why) override {
    ++writes;
    if (!broken.ok()) return broken;
    if (absl::Status status = CheckNewer(record); !status.ok()) return status;
    targets[record.uuid] = record;
    if (superseded != nullptr) operations[superseded->id] = *superseded;
    if (begun != nullptr) operations[begun->id] = *begun;
    if (why != nullptr) Append(*why);
    return absl::OkStatus();
  }
  absl::Status SetManyTargets(std::span<const TargetRecord> records) override {
    ++writes;
    if (!broken.ok()) return broken;
    const std::map<std::string, TargetRecord> before = targets;
    for (const TargetRecord& record : records) {
      if (absl::Status status = CheckNewer(record); !status.ok()) {
        targets = before;
        return status;
      }
      targets[record.uuid] = record;
    }
    return absl::OkStatus();
  }
  absl::Status UpdateOperation(const OperationRecord& operation) override {
    ++writes;
    if (!broken.ok()) return broken;
    operations[operation.id] = operation;
    return absl::OkStatus();
  }
  absl::Status ForgetTargets(const std::string& uuid) override {
    if (!broken.ok()) return broken;
    targets.erase(uuid);
    return absl::OkStatus();
  }
  absl::Status ForgetOperations(absl::Time before) override {
    if (!broken.ok()) return broken;
    std::erase_if(operations, [&](const auto& entry) {
      const OperationRecord& operation = entry.second;
      return operation.state != OperationRecord::State::kPending &&
             operation.state != OperationRecord::State::kRunning && operation.ended < before;
    });
    return absl::OkStatus();
  }

  absl::Status PutTenant(const TenantRecord& tenant, const AuditRecord& why) override {
    return Put(tenants, tenant.id, tenant, why);
  }
  absl::Status DeleteTenant(const std::string& id, const AuditRecord& why) override { return Delete(tenants, id, why); }
  absl::Status PutVmPolicy(const VmPolicyRecord& policy, const AuditRecord& why) override {
    return Put(policies, policy.uuid, policy, why);
  }
  absl::Status DeleteVmPolicy(const std::string& uuid, const AuditRecord& why) override {
    return Delete(policies, uuid, why);
  }
  absl::Status SetMaintenance(const std::optional<MaintenanceRecord>& record, const AuditRecord& why) override {
    if (!broken.ok()) return broken;
    maintenance = record;
    Append(why);
    return absl::OkStatus();
  }
  absl::Status SetGrants(std::span<const GrantRecord> all, const AuditRecord& why) override {
    if (!broken.ok()) return broken;
    grants.clear();
    for (const GrantRecord& grant : all) grants[grant.uuid] = grant;
    Append(why);
    return absl::OkStatus();
  }
  absl::Status WriteAudit(const AuditRecord& why) override {
    if (!broken.ok()) return broken;
    Append(why);
    return absl::OkStatus();
  }
  absl::Status ForgetAudit(std::size_t keep) override {
    if (!broken.ok()) return broken;
    if (audit.size() > keep) audit.erase(audit.begin(), audit.end() - static_cast<std::ptrdiff_t>(keep));
    return absl::OkStatus();
  }
  bool Writable() const override { return broken.ok(); }

  std::map<std::string, TargetRecord> targets;
  std::map<std::string, OperationRecord> operations;
  std::map<std::string, TenantRecord> tenants;
  std::map<std::string, VmPolicyRecord> policies;
  std::optional<MaintenanceRecord> maintenance;
  std::map<std::string, GrantRecord> grants;
  // Oldest first.
  std::vector<AuditRecord> audit;
  // What every method answers, unless OK.
  absl::Status broken;
  // Calls of SetTargets and UpdateOperation.
  int writes = 0;

 private:
  absl::Status CheckNewer(const TargetRecord& record) const {
    const auto known = targets.find(record.uuid);
    if (known == targets.end() || known->second.generation <= record.generation) return absl::OkStatus();
    return absl::FailedPreconditionError(fmt::format("targets of VM {}: generation {} is older than {}", record.uuid,
                                                     record.generation, known->second.generation));
  }
  template <typename Record>
  absl::StatusOr<std::vector<Record>> All(const std::map<std::string, Record>& records) const {
    if (!broken.ok()) return broken;
    std::vector<Record> all;
    all.reserve(records.size());
    for (const auto& [key, record] : records) all.push_back(record);
    return all;
  }
  template <typename Record>
  absl::Status Put(std::map<std::string, Record>& records, const std::string& key, const Record& record,
                   const AuditRecord& why) {
    if (!broken.ok()) return broken;
    if (const auto known = records.find(key); known != records.end() && known->second.version >= record.version) {
      return absl::FailedPreconditionError(
          fmt::format("{}: version {} is not newer than {}", key, record.version, known->second.version));
    }
    records[key] = record;
    Append(why);
    return absl::OkStatus();
  }
  template <typename Record>
  absl::Status Delete(std::map<std::string, Record>& records, const std::string& key, const AuditRecord& why) {
    if (!broken.ok()) return broken;
    if (records.erase(key) == 0) return absl::NotFoundError(fmt::format("{}: not in the ledger", key));
    Append(why);
    return absl::OkStatus();
  }
  void Append(AuditRecord record) {
    record.sequence = ++last_sequence_;
    audit.push_back(std::move(record));
  }

  std::uint64_t last_sequence_ = 0;
};

}  // namespace hypertier
