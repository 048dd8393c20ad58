// SPDX-License-Identifier: Apache-2.0
//
// For tests: control without control. A test publishes the snapshots it likes and decides what commands answer.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <utility>

#include "host-service/control/backend.h"

namespace hypertier::api {

class FakeBackend : public control::Backend {
 public:
  control::SnapshotPtr Snapshot() const override {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }
  void Resize(control::ResizeRequest request, Done<control::OperationPtr> done) override {
    std::move(done)(resize(request));
  }
  void Cancel(std::string operation, control::Caller, Done<control::OperationPtr> done) override {
    std::move(done)(cancel(operation));
  }
  // Promises are tested with control itself.
  void CreateTenant(TenantRecord, control::Caller, Done<TenantRecord> done) override { Refuse(std::move(done)); }
  void UpdateTenant(control::TenantEdit, control::Caller, Done<TenantRecord> done) override { Refuse(std::move(done)); }
  void DeleteTenant(std::string, std::string, control::Caller, Done<std::monostate> done) override {
    Refuse(std::move(done));
  }
  void UpdateVmPolicy(control::VmPolicyEdit, control::Caller, Done<VmPolicyRecord> done) override {
    Refuse(std::move(done));
  }
  void SetGrants(std::vector<GrantRecord>, control::Caller, Done<std::monostate> done) override {
    Refuse(std::move(done));
  }
  void SetMaintenance(bool, control::Caller, Done<std::monostate> done) override { Refuse(std::move(done)); }
  void PreviewPlan(control::PreviewRequest, Done<std::vector<control::PlannedVm>> done) override {
    Refuse(std::move(done));
  }
  void Explain(std::string, Done<control::Explanation> done) override { Refuse(std::move(done)); }
  void Audit(control::AuditQuery, Done<std::vector<AuditRecord>> done) override { Refuse(std::move(done)); }
  void Subscribe(std::function<void()> changed) override {
    const std::lock_guard lock(subscriber_mutex_);
    changed_ = std::move(changed);
  }

  // Changes the next snapshot's contents and publishes it.
  void Publish(const std::function<void(control::FleetSnapshot&)>& change) {
    {
      const std::lock_guard lock(mutex_);
      auto next = std::make_shared<control::FleetSnapshot>(*snapshot_);
      ++next->version;
      change(*next);
      next->index = control::BuildIndex(next->vms);
      snapshot_ = std::move(next);
    }
    const std::lock_guard lock(subscriber_mutex_);
    if (changed_) changed_();
  }

  // A two-tier VM that is managed.
  static control::VmPtr Vm(const std::string& uuid, const std::string& name, Bytes target = Bytes::GiB(1)) {
    auto vm = std::make_shared<control::VmRecord>();
    vm->uuid = uuid;
    vm->name = name;
    vm->tenant = "acme";
    vm->state = DomainState::kRunning;
    vm->management = control::Management::kManaged;
    vm->tiers.emplace();
    vm->tiers->fmem().cell = Bytes::GiB(4);
    vm->tiers->fmem().target = target;
    vm->updated = absl::FromUnixSeconds(1'800'000'000);
    return vm;
  }

  static control::OperationPtr Operation(const std::string& id, OperationRecord::State state,
                                         const std::string& uuid = "u1") {
    auto operation = std::make_shared<control::Operation>();
    operation->record.id = id;
    operation->record.uuid = uuid;
    operation->record.state = state;
    operation->tiers.fmem() = control::TierProgress{
        .start = Bytes::GiB(2), .current = Bytes::GiB(2), .target = Bytes::GiB(1), .resident = {}, .shortfall = {}};
    return operation;
  }

  std::function<absl::StatusOr<control::OperationPtr>(const control::ResizeRequest&)> resize =
      [](const control::ResizeRequest&) { return absl::UnimplementedError("no resize in this test"); };
  std::function<absl::StatusOr<control::OperationPtr>(const std::string&)> cancel = [](const std::string&) {
    return absl::UnimplementedError("no cancel in this test");
  };

 private:
  template <typename T>
  static void Refuse(Done<T> done) {
    std::move(done)(absl::UnimplementedError("no promises in this test"));
  }

  mutable std::mutex mutex_;
  control::SnapshotPtr snapshot_ = std::make_shared<const control::FleetSnapshot>();
  std::mutex subscriber_mutex_;
  std::function<void()> changed_;
};

}  // namespace hypertier::api
