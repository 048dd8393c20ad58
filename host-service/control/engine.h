// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/confinement/confiner.h"
#include "host-service/control/effects.h"
#include "host-service/control/fleet.h"
#include "host-service/control/now.h"
#include "host-service/control/operations.h"
#include "host-service/control/options.h"
#include "host-service/control/promises.h"
#include "host-service/control/resize_check.h"
#include "host-service/control/snapshot.h"
#include "host-service/control/vm.h"
#include "host-service/ledger/ledger.h"
#include "host-service/libvirt/hypervisor.h"
#include "host-service/qos/plan.h"

namespace hypertier::control {

// What the engine works with. All pointers outlive it.
struct EngineWorld {
  AgentCommands* agents = nullptr;
  DomainCommands* domains = nullptr;
  ResidencyCommands* residency = nullptr;
  // Null: nothing is confined.
  ConfinementCommands* confinement = nullptr;
  Ledger* ledger = nullptr;
  std::function<absl::StatusOr<domain::Description>(std::string_view xml)> describe;
  // Told of every event of a VM, for the log; may be empty.
  std::function<void(const Vm& vm, const VmEvent& event)> on_event;
  // Told of a resize that begins and of one that ends, for the log; of one from before a restart the VM may not be
  // known yet (null). May be empty.
  std::function<void(const Vm* vm, const OperationRecord& operation)> on_operation = {};
  // Told when libvirt is connected (again), with how many domains, and when it is not, with the reason; may be empty.
  std::function<void(bool connected, const std::string& detail)> on_connection;
  // Told of what could not be done (with the ledger, the planner, a VM), for the log; `vm` may be null; may be empty.
  std::function<void(const Vm* vm, const std::string& what, const absl::Status& status)> on_trouble;
};

// Every decision of hypertierd: what is managed, who wins when targets differ, what a resize does. Single-threaded,
// never blocks but on the ledger, reads no clock: the caller passes the time with everything that happens, so that
// tests walk it step by step. Order of calls: Load once, then anything.
class Engine {
 public:
  Engine(EngineOptions options, EngineWorld world);

  // Takes over what the ledger kept. On error hypertierd must not start.
  absl::Status Load(const Now& now);

  // Other options from now on.
  void Configure(EngineOptions options, const Now& now);
  // Why the configuration on disk is not in force, for people; "": it is.
  void ReportConfig(std::string problem);

  // From the hypervisor (engine_domains.cc).
  void HandleResync(const std::vector<DomainInfo>& domains, const Now& now);
  void HandleDomain(const DomainInfo& domain, const Now& now);
  void HandleGone(const std::string& uuid, const Now& now);
  void HandleReboot(const std::string& uuid, const Now& now);
  void HandleDisconnected(const std::string& reason, const Now& now);
  void HandleAttached(const std::string& uuid, const absl::Status& status, const Now& now);
  void HandleRequested(const std::string& uuid, const absl::Status& status, const Now& now);

  // From the channel (engine_agents.cc). Unknown VMs and messages out of turn are ignored.
  void HandleLinkUp(const std::string& uuid, const agent::v1::GuestHello& hello, const Now& now);
  void HandleReport(const std::string& uuid, const agent::v1::Report& report, const Now& now);
  void HandleCommandFailed(const std::string& uuid, std::uint64_t generation, const std::string& reason,
                           const Now& now);
  void HandleLinkDown(const std::string& uuid, const std::string& reason, const Now& now);
  void HandleLinkReset(const std::string& uuid, const std::string& reason, const Now& now);

  // From the residency measurements; `taken`: when it began, on Now::mono's clock.
  void HandleResidency(const std::string& uuid, const absl::StatusOr<PerTier<Bytes>>& resident, absl::Duration taken,
                       const Now& now);

  // Of ConfinementCommands and of Pause or Destroy (engine_enforce.cc).
  void HandleConfined(const std::string& uuid, const absl::StatusOr<Confinement>& confined, const Now& now);
  // `paused`: it was to be paused, else destroyed.
  void HandlePunished(const std::string& uuid, bool paused, const absl::Status& status, const Now& now);

  // From clients (engine_resize.cc). Errors as hypertier/v1/hypertier.proto promises them; nothing is changed on error.
  absl::StatusOr<OperationPtr> Resize(const ResizeRequest& request, const Now& now);
  absl::StatusOr<OperationPtr> Cancel(const std::string& operation, const Caller& caller, const Now& now);

  // From clients, too (engine_promises.cc, engine_preview.cc); errors as hypertier/v1/qos.proto promises them.
  absl::StatusOr<TenantRecord> CreateTenant(TenantRecord tenant, const Caller& caller, const Now& now);
  absl::StatusOr<TenantRecord> UpdateTenant(const TenantEdit& edit, const Caller& caller, const Now& now);
  absl::Status DeleteTenant(const std::string& id, const std::string& etag, const Caller& caller, const Now& now);
  absl::StatusOr<VmPolicyRecord> UpdateVmPolicy(const VmPolicyEdit& edit, const Caller& caller, const Now& now);
  absl::Status SetGrants(std::vector<GrantRecord> grants, const Caller& caller, const Now& now);
  absl::Status SetMaintenance(bool active, const Caller& caller, const Now& now);
  absl::StatusOr<std::vector<PlannedVm>> PreviewPlan(const PreviewRequest& request, const Now& now);
  absl::StatusOr<Explanation> Explain(const std::string& vm, const Now& now);
  absl::StatusOr<std::vector<AuditRecord>> Audit(const AuditQuery& query);

  // What depends on time alone: stale agents, deadlines, retries. Call it several times a second. How much later than
  // due the period began that it has gone through; absent: none was due.
  std::optional<absl::Duration> Tick(const Now& now);

  // The state after everything handled so far; the same object as before when nothing has changed.
  SnapshotPtr Publish(const Now& now);

 private:
  // Publishes what they say of the host.
  void KeepOptions();
  Vm* Find(const std::string& uuid);
  // By "vms/{uuid}", UUID or name, as FleetSnapshot::FindVm.
  absl::StatusOr<Vm*> FindByName(const std::string& name);
  void Touch(const Vm& vm) { dirty_.insert(vm.uuid); }
  void Note(Vm& vm, EventKind kind, const Now& now, std::string message, std::optional<TierId> tier = std::nullopt);
  // `vm`: what it is about; may be null.
  void Trouble(const Vm* vm, const std::string& what, const absl::Status& status);

  // Domains.
  Vm& Create(const DomainInfo& domain, const Now& now);
  void Remove(const std::string& uuid, const std::string& why, const Now& now);
  void Describe(Vm& vm, const DomainInfo& domain);
  void Started(Vm& vm, bool watched);
  void Stopped(Vm& vm, const std::string& why, const Now& now);
  void TakeKeptTargets(Vm& vm, const Now& now);
  void ForgetTargets(const std::string& uuid);
  void Connect(Vm& vm, const Now& now);
  void AttachIfNeeded(Vm& vm, const Now& now);

  // Agents.
  void ForgetGuest(Vm& vm);
  void Rebooted(Vm& vm);
  // What a VM's tiers hold now, whoever says so.
  void TakeReport(Vm& vm, GuestReport report, const Now& now);
  // The same from the devices of a VM that has them, as libvirt last described them; of others nothing.
  void FollowDevices(Vm& vm, const Now& now);
  void NoteChanges(Vm& vm, const std::optional<GuestReport>& before, const Now& now);
  void Settle(Vm& vm, const Now& now);
  bool MayAdopt(const Vm& vm) const;
  void Adopt(Vm& vm, const Now& now);
  void Renew(Vm& vm, const Now& now);
  void Tell(Vm& vm, const Now& now);
  void FollowGuest(Vm& vm, const Now& now);

  // Targets and operations.
  std::uint64_t NextGeneration(const Vm& vm) const;
  absl::Status CheckNoMaintenance() const;
  // Growth of a VM that nobody plans must not take what others are promised or hold.
  absl::Status CheckRoom(const Vm& vm, const PerTier<Bytes>& targets) const;
  // What new targets are written down with.
  struct Along {
    const OperationRecord* begun = nullptr;
    const OperationRecord* ended = nullptr;
    const AuditRecord* audit = nullptr;
  };
  absl::Status CommitTargets(Vm& vm, const PerTier<Bytes>& targets, std::uint64_t generation, const Along& along,
                             const Now& now);
  // What the ledger has taken down.
  void PutInForce(Vm& vm, const TargetRecord& record, const Now& now);
  void Advance(Vm& vm, const Now& now);
  void FillFigures(const Vm& vm, Operation& operation) const;
  // Ends the VM's running operation, if there is one.
  void EndOperation(Vm& vm, OperationRecord::State state, absl::Status error, const Now& now);
  void MarkEnded(Operation& operation, OperationRecord::State state, absl::Status error, const Now& now) const;
  void PutEnded(Operation operation, const Now& now);
  void SaveOperation(const OperationRecord& record);

  // What tenants and VMs were promised over gRPC (engine_promises.cc).
  void KeepTerms(std::vector<TenantRecord> tenants, std::vector<VmPolicyRecord> policies);
  absl::Status PutTenant(const TenantRecord& tenant, const TenantRecord& before, std::string action,
                         const Caller& caller, const Now& now);
  absl::Status CheckVmTerms(const Vm& vm, const policy::VmTerms& said) const;
  absl::Status WriteVmPolicy(Vm& vm, const VmPolicyRecord& policy, const policy::VmTerms& before, const Caller& caller,
                             const Now& now);
  void KeepMaintenance(std::optional<MaintenanceRecord> maintenance);
  // False: the ledger still has it.
  bool ForgetVmPolicy(const std::string& uuid, const Now& now);

  // What VMs are promised, and targets that keep it (engine_qos.cc).
  policy::VmTerms SaidOverGrpc(const std::string& uuid) const;
  policy::VmTerms Granted(const std::string& uuid) const;
  policy::Promise PromiseOf(const Vm& vm, const policy::VmTerms& over_grpc) const;
  void ResolvePromise(Vm& vm);
  absl::Status CheckSynced() const;
  absl::Status CheckPlans() const;
  Fleet TheFleet(const TenantMap& tenants, const Now& now);
  void PlanTargets(const Now& now);
  // Tells why, and returns the VM's new targets if there are any.
  std::optional<PerTier<Bytes>> NewTargets(Vm& vm, const PerTier<qos::Target>& planned);

  // The ladder (engine_enforce.cc): whether the VM holds more than it should, and what is done about it.
  void FollowCompliance(Vm& vm, const Now& now);
  // `spare`: what is left of SpareSmem() in this period; absent until somebody has asked.
  void Enforce(Vm& vm, std::optional<Bytes>& spare, const Now& now);
  void ConfineIfNeeded(Vm& vm, std::optional<Bytes>& spare, const Now& now);
  // Memory of the host's SMEM that nobody holds or is promised.
  Bytes SpareSmem() const;
  void PunishIfDue(Vm& vm, const Now& now);

  void RetryLedger(const Now& now);
  void ForgetOld(const Now& now);

  EngineOptions options_;
  const EngineWorld world_;

  absl::flat_hash_map<std::string, std::unique_ptr<Vm>> vms_;
  // Targets in the ledger, by VM, whether or not libvirt has it.
  absl::flat_hash_map<std::string, TargetRecord> kept_;
  // VMs that the ledger keeps something of and libvirt does not have, and since when (mono).
  absl::flat_hash_map<std::string, absl::Duration> absent_;
  OperationBook operations_;
  // Operations from the ledger that had not ended, by VM, until their VM is met.
  absl::flat_hash_map<std::string, std::string> resumed_;

  // What the ledger has not taken yet; tried again every second.
  std::set<std::string> unsaved_operations_;
  std::set<std::string> unforgotten_targets_;
  absl::Duration next_retry_ = -absl::InfiniteDuration();
  absl::Duration next_forget_ = -absl::InfiniteDuration();

  // As in the ledger. Shared with the snapshots, so a change makes a new map.
  std::shared_ptr<const TenantMap> tenants_ = std::make_shared<const TenantMap>();
  std::shared_ptr<const VmPolicyMap> policies_ = std::make_shared<const VmPolicyMap>();
  std::shared_ptr<const GrantMap> grants_ = std::make_shared<const GrantMap>();
  absl::Duration next_plan_ = -absl::InfiniteDuration();

  bool synced_ = false;
  bool connected_ = false;
  std::string disconnect_reason_ = "hypertierd has just started";

  std::set<std::string> dirty_;
  bool members_changed_ = false;
  bool header_changed_ = true;
  std::shared_ptr<const HostRecord> host_ = std::make_shared<const HostRecord>();
  // Records that the audit log has got since it was last cut.
  std::size_t audited_ = 0;
  SnapshotPtr published_ = std::make_shared<const FleetSnapshot>();
};

}  // namespace hypertier::control
