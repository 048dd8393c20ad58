// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/policy/terms.h"

namespace hypertier {

// The targets in force of one VM.
struct TargetRecord {
  std::string uuid;
  // Tier targets (not balloon sizes).
  PerTier<Bytes> targets;
  // Of the last SetBalloons that carries them. Never decreases for a VM.
  std::uint64_t generation = 0;
  absl::Time changed;
};

// A resize.
struct OperationRecord {
  enum class State { kPending, kRunning, kSucceeded, kFailed, kCancelled };
  // Without "operations/".
  std::string id;
  std::string uuid;
  State state = State::kPending;
  // Only the tiers that the request named.
  PerTier<std::optional<Bytes>> targets;
  // Usable bytes of each tier when it began.
  PerTier<Bytes> start;
  std::uint64_t generation = 0;
  absl::Time created;
  absl::Time updated;
  absl::Time deadline;
  // Meaningful once ended.
  absl::Time ended;
  absl::Status error;
};

// What was promised to a tenant.
struct TenantRecord {
  // Without "tenants/".
  std::string id;
  std::string display_name;
  policy::Terms terms;
  // Grows with each change.
  std::uint64_t version = 0;
  absl::Time created;
  absl::Time changed;

  friend bool operator==(const TenantRecord&, const TenantRecord&) = default;
};

// What was promised to a VM over gRPC; what its domain's metadata says is libvirt's to keep.
struct VmPolicyRecord {
  std::string uuid;
  policy::VmTerms policy;
  // Grows with each change.
  std::uint64_t version = 0;
  absl::Time changed;

  friend bool operator==(const VmPolicyRecord&, const VmPolicyRecord&) = default;
};

// The host is in maintenance.
struct MaintenanceRecord {
  // As who began it put it.
  std::string reason;
  // As in AuditRecord.
  std::string actor;
  absl::Time began;

  friend bool operator==(const MaintenanceRecord&, const MaintenanceRecord&) = default;
};

// What a cloud's scheduler has set aside for a VM, which libvirt need not know.
struct GrantRecord {
  std::string uuid;
  // "": none.
  std::string tenant;
  PerTier<Bytes> reservation;

  friend bool operator==(const GrantRecord&, const GrantRecord&) = default;
};

// Who changed what, for people.
struct AuditRecord {
  // Given by the ledger, whatever a caller sets: from 1 upwards, and never twice.
  std::uint64_t sequence = 0;
  absl::Time time;
  // "unix: alice": the client's address, and what it says of itself.
  std::string actor;
  // "tenant.create", "policy.update", "vm.resize", "grants.set", "maintenance.begin".
  std::string action;
  // "tenants/a", "vms/UUID", "host".
  std::string subject;
  // What changed.
  std::string detail;

  friend bool operator==(const AuditRecord&, const AuditRecord&) = default;
};

// What must survive a restart of hypertierd. Each method is one transaction: all of it, the audit record included, is
// on disk when it returns OK, and nothing of it otherwise. Not thread-safe: control's only.
class Ledger {
 public:
  virtual ~Ledger() = default;

  virtual absl::StatusOr<std::vector<TargetRecord>> LoadTargets() = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<OperationRecord>> LoadOperations() = 0;

  // By id. DataLoss: damaged, which row and how.
  virtual absl::StatusOr<std::vector<TenantRecord>> LoadTenants() = 0;
  // By UUID. DataLoss: damaged, which row and how.
  virtual absl::StatusOr<std::vector<VmPolicyRecord>> LoadVmPolicies() = 0;
  // Absent: the host is not in maintenance. DataLoss: damaged, and how.
  virtual absl::StatusOr<std::optional<MaintenanceRecord>> LoadMaintenance() = 0;
  // At most `at_most` records about `subject` ("": about all) older than the one of sequence `before` (0: the newest),
  // newest first.
  virtual absl::StatusOr<std::vector<AuditRecord>> LoadAudit(std::uint64_t before, std::size_t at_most,
                                                             const std::string& subject) = 0;

  // By UUID.
  virtual absl::StatusOr<std::vector<GrantRecord>> LoadGrants() = 0;

  // New targets, with the operation that asked for them if there is one, with the older operation that it ends if there
  // is one, and with an audit record if somebody is to answer for them.
  virtual absl::Status SetTargets(const TargetRecord& targets, const OperationRecord* begun,
                                  const OperationRecord* superseded, const AuditRecord* audit) = 0;
  // New targets of many VMs, as a plan makes them: of all or of none.
  virtual absl::Status SetManyTargets(std::span<const TargetRecord> targets) = 0;
  // New state of an operation.
  virtual absl::Status UpdateOperation(const OperationRecord& operation) = 0;
  // The domain is gone: its targets are forgotten.
  virtual absl::Status ForgetTargets(const std::string& uuid) = 0;
  // Forgets operations that ended before `before`.
  virtual absl::Status ForgetOperations(absl::Time before) = 0;

  // A new tenant or a new state of one. FailedPrecondition: the ledger's version is not older. InvalidArgument: terms
  // that cannot be (percentages outside 0 to 100, shares that are not above 0).
  virtual absl::Status PutTenant(const TenantRecord& tenant, const AuditRecord& audit) = 0;
  // NotFound: there is none, and so nothing to be written to the audit log. One of the same id later begins anew.
  virtual absl::Status DeleteTenant(const std::string& id, const AuditRecord& audit) = 0;
  // As PutTenant. The VM need not be known otherwise.
  virtual absl::Status PutVmPolicy(const VmPolicyRecord& policy, const AuditRecord& audit) = 0;
  // As DeleteTenant.
  virtual absl::Status DeleteVmPolicy(const std::string& uuid, const AuditRecord& audit) = 0;
  // In place of the maintenance that the host is in, if any; absent: it ends. One that had not begun ends as well: OK,
  // and audited.
  virtual absl::Status SetMaintenance(const std::optional<MaintenanceRecord>& maintenance,
                                      const AuditRecord& audit) = 0;
  // In place of all that there are; no VM twice.
  virtual absl::Status SetGrants(std::span<const GrantRecord> grants, const AuditRecord& audit) = 0;
  // Something that was done, of which nothing else is kept.
  virtual absl::Status WriteAudit(const AuditRecord& audit) = 0;
  // Forgets all of the audit log but the newest `keep` records.
  virtual absl::Status ForgetAudit(std::size_t keep) = 0;

  // False: the last write failed for a reason that is not in what was to be written (disk full, locked, I/O). The one
  // method that any thread may call.
  virtual bool Writable() const = 0;
};

}  // namespace hypertier
