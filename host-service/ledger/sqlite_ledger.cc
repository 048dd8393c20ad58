// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/sqlite_ledger.h"

#include <fmt/format.h>

#include <atomic>
#include <utility>

#include "host-service/ledger/audit_table.h"
#include "host-service/ledger/grants_table.h"
#include "host-service/ledger/maintenance_table.h"
#include "host-service/ledger/operations_table.h"
#include "host-service/ledger/schema.h"
#include "host-service/ledger/sqlite.h"
#include "host-service/ledger/targets_table.h"
#include "host-service/ledger/tenants_table.h"
#include "host-service/ledger/vm_policies_table.h"

namespace hypertier {
namespace {

using sqlite::Database;
using sqlite::Transaction;

// Says what belongs together; what a record looks like in SQL is each table's.
class SqliteLedger : public Ledger {
 public:
  explicit SqliteLedger(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  absl::StatusOr<std::vector<TargetRecord>> LoadTargets() override { return ReadTargets(*database_); }
  absl::StatusOr<std::vector<OperationRecord>> LoadOperations() override { return ReadOperations(*database_); }

  absl::StatusOr<std::vector<TenantRecord>> LoadTenants() override { return ReadTenants(*database_); }
  absl::StatusOr<std::vector<VmPolicyRecord>> LoadVmPolicies() override { return ReadVmPolicies(*database_); }
  absl::StatusOr<std::optional<MaintenanceRecord>> LoadMaintenance() override { return ReadMaintenance(*database_); }
  absl::StatusOr<std::vector<GrantRecord>> LoadGrants() override { return ReadGrants(*database_); }
  absl::StatusOr<std::vector<AuditRecord>> LoadAudit(std::uint64_t before, std::size_t at_most,
                                                     const std::string& subject) override {
    return ReadAudit(*database_, before, at_most, subject);
  }

  absl::Status SetTargets(const TargetRecord& targets, const OperationRecord* begun, const OperationRecord* superseded,
                          const AuditRecord* audit) override {
    return Atomically([&] {
      absl::Status status = WriteTargets(*database_, targets);
      if (status.ok() && superseded != nullptr) status = WriteOperation(*database_, *superseded);
      if (status.ok() && begun != nullptr) status = WriteOperation(*database_, *begun);
      if (status.ok() && audit != nullptr) status = AppendAudit(*database_, *audit);
      return status;
    });
  }

  absl::Status SetManyTargets(std::span<const TargetRecord> targets) override {
    return Atomically([&] {
      absl::Status status = absl::OkStatus();
      for (const TargetRecord& record : targets) {
        if (status.ok()) status = WriteTargets(*database_, record);
      }
      return status;
    });
  }

  absl::Status UpdateOperation(const OperationRecord& operation) override {
    return Atomically([&] { return WriteOperation(*database_, operation); });
  }

  absl::Status ForgetTargets(const std::string& uuid) override {
    return Atomically([&] { return EraseTargets(*database_, uuid); });
  }

  absl::Status ForgetOperations(absl::Time before) override {
    return Atomically([&] { return EraseOperations(*database_, before); });
  }

  absl::Status PutTenant(const TenantRecord& tenant, const AuditRecord& audit) override {
    return Audited(audit, [&] { return WriteTenant(*database_, tenant); });
  }

  absl::Status DeleteTenant(const std::string& id, const AuditRecord& audit) override {
    return Audited(audit, [&] { return EraseTenant(*database_, id); });
  }

  absl::Status PutVmPolicy(const VmPolicyRecord& policy, const AuditRecord& audit) override {
    return Audited(audit, [&] { return WriteVmPolicy(*database_, policy); });
  }

  absl::Status DeleteVmPolicy(const std::string& uuid, const AuditRecord& audit) override {
    return Audited(audit, [&] { return EraseVmPolicy(*database_, uuid); });
  }

  absl::Status SetMaintenance(const std::optional<MaintenanceRecord>& maintenance, const AuditRecord& audit) override {
    return Audited(
        audit, [&] { return maintenance ? WriteMaintenance(*database_, *maintenance) : EraseMaintenance(*database_); });
  }

  absl::Status SetGrants(std::span<const GrantRecord> grants, const AuditRecord& audit) override {
    return Audited(audit, [&] { return WriteGrants(*database_, grants); });
  }

  absl::Status WriteAudit(const AuditRecord& audit) override {
    return Audited(audit, [] { return absl::OkStatus(); });
  }

  absl::Status ForgetAudit(std::size_t keep) override {
    return Atomically([&] { return EraseAudit(*database_, keep); });
  }

  bool Writable() const override { return writable_; }

 private:
  // All that `write` does is on disk when this returns OK; nothing of it otherwise.
  template <typename Write>
  absl::Status Atomically(const Write& write) {
    absl::Status status = Transact(write);
    const bool refused =
        absl::IsFailedPrecondition(status) || absl::IsInvalidArgument(status) || absl::IsNotFound(status);
    writable_ = status.ok() || refused;
    return status;
  }

  template <typename Write>
  absl::Status Transact(const Write& write) {
    absl::StatusOr<Transaction> transaction = Transaction::Begin(*database_);
    if (!transaction.ok()) return transaction.status();
    if (absl::Status status = write(); !status.ok()) return status;
    return transaction->Commit();
  }

  template <typename Write>
  absl::Status Audited(const AuditRecord& audit, const Write& write) {
    return Atomically([&] {
      absl::Status status = write();
      return status.ok() ? AppendAudit(*database_, audit) : status;
    });
  }

  std::unique_ptr<Database> database_;
  std::atomic<bool> writable_{true};
};

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const std::string& path, const LedgerOptions& options) {
  if (path != ":memory:") {
    if (absl::Status status = CheckLedgerHeader(path); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path, options.busy_timeout);
  if (!database.ok()) return database.status();
  // Until the content is known to be ours and whole, nothing may be written: not even the journal's write-back at
  // close.
  (*database)->CheckpointOnClose(false);
  if (absl::Status status = CheckLedgerContent(**database); !status.ok()) return status;
  (*database)->CheckpointOnClose(true);
  if (absl::Status status = (*database)->CheckWritable(); !status.ok()) return status;
  // FULL: the journal is synced at each commit, so what was acknowledged survives a power cut as well.
  if (absl::Status status = (*database)->Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      !status.ok()) {
    return status;
  }
  if (options.max_pages > 0) {
    const std::string bound = fmt::format("PRAGMA max_page_count = {}", options.max_pages);
    if (absl::Status status = (*database)->Execute(bound); !status.ok()) return status;
  }
  if (absl::Status status = MigrateLedger(**database); !status.ok()) return status;
  return std::make_unique<SqliteLedger>(std::move(*database));
}

}  // namespace hypertier
