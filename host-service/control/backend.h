// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "host-service/control/promises.h"
#include "host-service/control/resize_check.h"
#include "host-service/control/snapshot.h"

namespace hypertier::control {

// What the outside (api/, metrics/) may ask of control. Thread-safe, and no method waits for control's thread.
class Backend : public SnapshotSource {
 public:
  // Called on control's thread, or on the caller's when control is stopped (Unavailable); must not block. A snapshot
  // taken afterwards contains what it was told of.
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>) &&>;

  virtual void Resize(ResizeRequest request, Done<OperationPtr> done) = 0;
  virtual void Cancel(std::string operation, Caller caller, Done<OperationPtr> done) = 0;

  // Promises, as Engine has them.
  virtual void CreateTenant(TenantRecord tenant, Caller caller, Done<TenantRecord> done) = 0;
  virtual void UpdateTenant(TenantEdit edit, Caller caller, Done<TenantRecord> done) = 0;
  virtual void DeleteTenant(std::string id, std::string etag, Caller caller, Done<std::monostate> done) = 0;
  virtual void UpdateVmPolicy(VmPolicyEdit edit, Caller caller, Done<VmPolicyRecord> done) = 0;
  // In place of all that there are; each VM once.
  virtual void SetGrants(std::vector<GrantRecord> grants, Caller caller, Done<std::monostate> done) = 0;
  // Begins it for the caller's reason, or ends it.
  virtual void SetMaintenance(bool active, Caller caller, Done<std::monostate> done) = 0;
  virtual void PreviewPlan(PreviewRequest request, Done<std::vector<PlannedVm>> done) = 0;
  virtual void Explain(std::string vm, Done<Explanation> done) = 0;
  virtual void Audit(AuditQuery query, Done<std::vector<AuditRecord>> done) = 0;

  // `changed` is called after each new snapshot, on control's thread; it must not block. One subscriber; empty to
  // unsubscribe, and no call is under way once that has returned.
  virtual void Subscribe(std::function<void()> changed) = 0;
};

}  // namespace hypertier::control
