// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/engine.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/control/record.h"

namespace hypertier::control {

Engine::Engine(EngineOptions options, EngineWorld world) : options_(std::move(options)), world_(std::move(world)) {
  KeepOptions();
}

void Engine::KeepOptions() {
  HostRecord host{.capacity = options_.qos.capacity,
                  .policy = options_.qos.policy_name,
                  .off = options_.qos.off,
                  .classes = options_.qos.classes,
                  .default_mode = options_.qos.default_mode,
                  .maintenance = host_->maintenance,
                  .config_problem = host_->config_problem};
  if (options_.qos.Plans()) {
    host.off.clear();
  } else {
    host.policy.clear();
  }
  host_ = std::make_shared<const HostRecord>(std::move(host));
  header_changed_ = true;
}

void Engine::Configure(EngineOptions options, const Now& now) {
  options_ = std::move(options);
  KeepOptions();
  for (const auto& [uuid, vm] : vms_) {
    ResolvePromise(*vm);
    if (!options_.qos.Plans()) {
      vm->reasons = {};
      vm->claims = {};
    }
    Touch(*vm);
  }
  next_plan_ = now.mono;
}

void Engine::ReportConfig(std::string problem) {
  HostRecord host = *host_;
  host.config_problem = std::move(problem);
  host_ = std::make_shared<const HostRecord>(std::move(host));
  header_changed_ = true;
}

absl::Status Engine::Load(const Now& now) {
  auto targets = world_.ledger->LoadTargets();
  if (!targets.ok()) return targets.status();
  auto operations = world_.ledger->LoadOperations();
  if (!operations.ok()) return operations.status();
  auto tenants = world_.ledger->LoadTenants();
  if (!tenants.ok()) return tenants.status();
  auto policies = world_.ledger->LoadVmPolicies();
  if (!policies.ok()) return policies.status();
  auto grants = world_.ledger->LoadGrants();
  if (!grants.ok()) return grants.status();
  auto maintenance = world_.ledger->LoadMaintenance();
  if (!maintenance.ok()) return maintenance.status();
  KeepTerms(*std::move(tenants), *std::move(policies));
  KeepMaintenance(*std::move(maintenance));
  GrantMap granted;
  for (GrantRecord& grant : *grants) granted[grant.uuid] = std::move(grant);
  grants_ = std::make_shared<const GrantMap>(std::move(granted));
  for (TargetRecord& record : *targets) {
    const std::string uuid = record.uuid;
    kept_[uuid] = std::move(record);
  }
  // Newest first, so the first unended one of a VM is the one in force.
  for (OperationRecord& record : *operations) {
    Operation operation{.record = std::move(record), .tiers = {}, .status_message = {}};
    OperationRecord& op = operation.record;
    for (const TierId tier : kTiers) {
      if (!op.targets[tier]) continue;
      operation.tiers[tier] = TierProgress{.start = op.start[tier],
                                           .current = op.start[tier],
                                           .target = *op.targets[tier],
                                           .resident = {},
                                           .shortfall = {}};
    }
    if (Ended(op.state)) {
      const absl::Duration age = std::clamp(now.wall - op.ended, absl::ZeroDuration(), options_.keep_operations);
      operations_.Put(std::move(operation), now.mono + options_.keep_operations - age);
      continue;
    }
    const auto kept = kept_.find(op.uuid);
    const bool newest = !resumed_.contains(op.uuid);
    bool in_force = newest && kept != kept_.end();
    for (const TierId tier : kTiers) {
      if (in_force && op.targets[tier] && *op.targets[tier] != kept->second.targets[tier]) in_force = false;
    }
    if (!in_force) {
      MarkEnded(operation, OperationRecord::State::kFailed,
                absl::AbortedError("superseded: hypertierd was stopped before it could write that down"), now);
      SaveOperation(operation.record);
      PutEnded(std::move(operation), now);
      continue;
    }
    // A newer generation may have been taken for the same targets just before hypertierd was stopped.
    op.generation = kept->second.generation;
    operation.status_message = "hypertierd has been restarted; waiting for libvirt";
    resumed_[op.uuid] = op.id;
    operations_.Put(std::move(operation));
  }
  return absl::OkStatus();
}

Vm* Engine::Find(const std::string& uuid) {
  const auto at = vms_.find(uuid);
  return at == vms_.end() ? nullptr : at->second.get();
}

absl::StatusOr<Vm*> Engine::FindByName(const std::string& name) {
  const std::string key = WithoutPrefix(name, "vms/");
  if (key.empty()) return absl::InvalidArgumentError("name: empty; write \"vms/{uuid}\" or a libvirt domain name");
  if (Vm* vm = Find(ToLower(key))) return vm;
  Vm* found = nullptr;
  for (const auto& [uuid, vm] : vms_) {
    if (vm->name != key) continue;
    if (found != nullptr) {
      return absl::FailedPreconditionError(
          fmt::format("name: several domains are named \"{}\" at the moment; write \"vms/{{uuid}}\"", key));
    }
    found = vm.get();
  }
  if (found == nullptr) {
    return absl::NotFoundError(
        fmt::format("name: libvirt has no domain \"{}\" (looked for its UUID and its name); ListVms shows all", key));
  }
  return found;
}

absl::Status Engine::CheckSynced() const {
  return synced_ ? absl::OkStatus() : NothingKnown(disconnect_reason_);
}

void Engine::Note(Vm& vm, EventKind kind, const Now& now, std::string message, std::optional<TierId> tier) {
  AddEvent(vm, kind, now.wall, std::move(message), tier);
  Touch(vm);
  if (world_.on_event) world_.on_event(vm, vm.events->back());
}

void Engine::Trouble(const Vm* vm, const std::string& what, const absl::Status& status) {
  if (world_.on_trouble) world_.on_trouble(vm, what, status);
}

std::optional<absl::Duration> Engine::Tick(const Now& now) {
  for (const auto& [uuid, owned] : vms_) {
    Vm& vm = *owned;
    const bool reporting = vm.link.state == LinkState::kUp && vm.state == DomainState::kRunning;
    if (reporting && now.mono - vm.link.quiet_since > options_.stale_after) {
      vm.link.state = LinkState::kStale;
      vm.rediscard.Interrupted();
      Note(vm, EventKind::kAgentLost, now,
           fmt::format("no report from the agent for more than {}", absl::FormatDuration(options_.stale_after)));
    }
    AttachIfNeeded(vm, now);
    if (vm.TwoTier() && !vm.targets) TakeKeptTargets(vm, now);
    FollowDevices(vm, now);
    Advance(vm, now);
  }
  std::optional<absl::Duration> lag;
  if (now.mono >= next_plan_) {
    // The first is due whenever it comes.
    lag = next_plan_ == -absl::InfiniteDuration() ? absl::ZeroDuration() : now.mono - next_plan_;
    PlanTargets(now);
  }
  if (now.mono >= next_retry_) RetryLedger(now);
  if (now.mono >= next_forget_) ForgetOld(now);
  return lag;
}

void Engine::RetryLedger(const Now& now) {
  next_retry_ = now.mono + absl::Seconds(1);
  const std::set<std::string> operations = std::exchange(unsaved_operations_, {});
  for (const std::string& id : operations) {
    if (const OperationPtr operation = operations_.Find(id)) SaveOperation(operation->record);
  }
  const std::set<std::string> vms = std::exchange(unforgotten_targets_, {});
  for (const std::string& uuid : vms) {
    // Back in the meantime with targets of its own: those were written after, and must stay.
    if (kept_.contains(uuid)) continue;
    if (!world_.ledger->ForgetTargets(uuid).ok()) unforgotten_targets_.insert(uuid);
  }
}

void Engine::ForgetOld(const Now& now) {
  next_forget_ = now.mono + absl::Seconds(10);
  if (operations_.Forget(now.mono, options_.max_ended_operations) > 0) {
    const absl::Status status = world_.ledger->ForgetOperations(now.wall - options_.keep_operations);
    if (!status.ok()) Trouble(nullptr, "forgetting old operations", status);
  }
  if (audited_ > 0) {
    const absl::Status status = world_.ledger->ForgetAudit(options_.keep_audit);
    if (status.ok()) audited_ = 0;
    if (!status.ok()) Trouble(nullptr, "forgetting old records of the audit log", status);
  }
  if (!connected_) return;
  std::vector<std::string> gone;
  for (const auto& [uuid, since] : absent_) {
    if (now.mono - since > options_.keep_absent) gone.push_back(uuid);
  }
  for (const std::string& uuid : gone) {
    ForgetTargets(uuid);
    if (ForgetVmPolicy(uuid, now)) absent_.erase(uuid);
  }
}

SnapshotPtr Engine::Publish(const Now& now) {
  const auto operations = operations_.View();
  if (dirty_.empty() && !members_changed_ && !header_changed_ && operations == published_->operations)
    return published_;

  auto next = std::make_shared<FleetSnapshot>(*published_);
  ++next->version;
  next->synced = synced_;
  next->connected = connected_;
  next->disconnect_reason = disconnect_reason_;
  next->operations = operations;
  next->counts = operations_.counts();
  next->host = host_;
  next->tenants = tenants_;
  next->policies = policies_;
  next->grants = grants_;

  bool renamed = members_changed_;
  for (const std::string& uuid : dirty_) {
    const Vm* vm = Find(uuid);
    if (vm == nullptr) continue;
    auto record = std::make_shared<VmRecord>(MakeRecord(*vm, options_));
    record->updated = now.wall;
    const auto at = published_->index->by_uuid.find(uuid);
    if (at == published_->index->by_uuid.end()) {
      next->vms.push_back(std::move(record));
      renamed = true;
      continue;
    }
    VmPtr& slot = next->vms[at->second];
    if (SameButForTimes(*record, *slot)) {
      if (record->agent.last_report == slot->agent.last_report) continue;
      record->updated = slot->updated;
    }
    renamed = renamed || record->name != slot->name;
    slot = std::move(record);
  }
  if (renamed) {
    std::erase_if(next->vms, [this](const VmPtr& vm) { return !vms_.contains(vm->uuid); });
    std::sort(next->vms.begin(), next->vms.end(),
              [](const VmPtr& a, const VmPtr& b) { return std::tie(a->name, a->uuid) < std::tie(b->name, b->uuid); });
    next->index = BuildIndex(next->vms);
  }
  dirty_.clear();
  members_changed_ = false;
  header_changed_ = false;
  published_ = std::move(next);
  return published_;
}

}  // namespace hypertier::control
