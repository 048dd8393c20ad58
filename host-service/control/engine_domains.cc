// SPDX-License-Identifier: Apache-2.0
//
// Engine: what the hypervisor says. Domains come, change and go; from here the links to their agents are opened and
// closed.
#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/control/agreement.h"
#include "host-service/control/charge.h"
#include "host-service/control/engine.h"
#include "host-service/control/provisioner.h"

namespace hypertier::control {
namespace {

// The same targets fit both.
bool SameShape(const domain::Description& a, const domain::Description& b) {
  bool same = a.cells == b.cells && a.provisioner() == b.provisioner();
  for (const TierId tier : kTiers) {
    same = same && a.Base(tier) == b.Base(tier) && a.Granularity(tier) == b.Granularity(tier);
  }
  return same;
}

}  // namespace

void Engine::HandleResync(const std::vector<DomainInfo>& domains, const Now& now) {
  connected_ = true;
  synced_ = true;
  header_changed_ = true;
  if (world_.on_connection) world_.on_connection(true, fmt::format("{} domains", domains.size()));
  std::set<std::string> present;
  for (const DomainInfo& domain : domains) {
    present.insert(domain.uuid);
    HandleDomain(domain, now);
  }
  std::vector<std::string> gone;
  for (const auto& [uuid, vm] : vms_) {
    if (!present.contains(uuid)) gone.push_back(uuid);
  }
  for (const std::string& uuid : gone) Remove(uuid, "libvirt no longer has the domain", now);
  for (const auto& [uuid, kept] : kept_) {
    if (!present.contains(uuid)) absent_.try_emplace(uuid, now.mono);
  }
  for (const auto& [uuid, said] : *policies_) {
    if (!present.contains(uuid)) absent_.try_emplace(uuid, now.mono);
  }
  // Operations of a former hypertierd whose domain went away while nobody watched.
  for (const auto& [uuid, id] : std::exchange(resumed_, {})) {
    const OperationPtr old = operations_.Find(id);
    if (old == nullptr) continue;
    Operation operation = *old;
    MarkEnded(operation, OperationRecord::State::kFailed,
              absl::AbortedError("libvirt no longer has the domain; it went away while hypertierd was not running"),
              now);
    SaveOperation(operation.record);
    PutEnded(std::move(operation), now);
  }
}

Vm& Engine::Create(const DomainInfo& domain, const Now& now) {
  auto owned = std::make_unique<Vm>();
  Vm& vm = *owned;
  vm.uuid = domain.uuid;
  vms_[domain.uuid] = std::move(owned);
  members_changed_ = true;
  if (const auto resumed = resumed_.find(vm.uuid); resumed != resumed_.end()) {
    vm.operation = resumed->second;
    resumed_.erase(resumed);
    const OperationPtr operation = operations_.Find(vm.operation);
    const absl::Duration left = operation->record.deadline - now.wall;
    vm.operation_deadline = now.mono + std::clamp(left, absl::ZeroDuration(), options_.resize_timeout);
  }
  return vm;
}

void Engine::HandleDomain(const DomainInfo& domain, const Now& now) {
  Vm* known = Find(domain.uuid);
  Vm& vm = known != nullptr ? *known : Create(domain, now);
  const bool was_alive = vm.Alive();
  const DomainState old_state = vm.state;
  const bool was_two_tier = vm.TwoTier();
  const std::optional<domain::Description> old = was_two_tier ? vm.description : std::nullopt;
  vm.name = domain.name;
  absent_.erase(vm.uuid);
  if (!domain.answered) {
    // Listed, but slow: what we knew of it stays, and OnDomain follows.
    if (!vm.met) vm.description_error = "libvirt lists the domain, but it does not answer";
    Touch(vm);
    return;
  }
  const bool first_meeting = !std::exchange(vm.met, true);
  vm.state = domain.state;
  Describe(vm, domain);

  const bool same_shape = was_two_tier && vm.TwoTier() && SameShape(*old, *vm.description);
  if (vm.Alive() && !was_alive) Started(vm, !first_meeting);
  if (!same_shape) ResetCeiling(vm);
  if (old_state != vm.state && vm.state == DomainState::kRunning) vm.link.quiet_since = now.mono;
  if (!same_shape || !vm.targets) TakeKeptTargets(vm, now);
  if (!vm.Alive()) {
    Stopped(vm, vm.state == DomainState::kCrashed ? "the VM crashed" : "the VM was shut off", now);
  } else if (!vm.TwoTier()) {
    Stopped(vm, "the VM is not two-tier", now);
  } else {
    Connect(vm, now);
    world_.residency->Watch(*vm.description);
    AttachIfNeeded(vm, now);
    UpdateCeiling(vm, options_.slack);
    FollowDevices(vm, now);
  }
  Touch(vm);
}

void Engine::Describe(Vm& vm, const DomainInfo& domain) {
  auto description = world_.describe(domain.xml);
  if (description.ok()) {
    vm.description = *std::move(description);
    vm.description_error.clear();
  } else {
    vm.description.reset();
    vm.description_error = fmt::format("libvirt's XML cannot be read: {}", ToString(description.status().message()));
  }
  ResolvePromise(vm);
}

void Engine::Started(Vm& vm, bool watched) {
  ForgetGuest(vm);
  vm.link.boot_id.clear();
  vm.asked = {};
  vm.known_total.reset();
  vm.reboot_announced = false;
  vm.fresh_boot = watched;
  vm.attach = {};
}

void Engine::Stopped(Vm& vm, const std::string& why, const Now& now) {
  // First, so that it ends with the last figures.
  EndOperation(vm, OperationRecord::State::kFailed, absl::AbortedError(why), now);
  if (!vm.link.socket.empty()) world_.agents->Close(vm.uuid);
  world_.residency->Unwatch(vm.uuid);
  ForgetGuest(vm);
  const std::uint64_t resets = vm.link.resets;
  const std::uint64_t implausible = vm.link.implausible_figures;
  vm.link = {};
  vm.link.resets = resets;
  vm.link.implausible_figures = implausible;
  vm.asked = {};
  vm.residency = {};
  vm.confinement.Restart();
  vm.attach = {};
}

void Engine::TakeKeptTargets(Vm& vm, const Now& now) {
  vm.targets.reset();
  if (!vm.TwoTier()) return;
  const PerTier<Bytes>& cells = vm.cells();
  const auto kept = kept_.find(vm.uuid);
  if (kept == kept_.end()) {
    // What the domain's boot string asks for, until the guest has spoken.
    if (vm.description->boot_balloons) {
      vm.targets = VmTargets{TargetsFromBalloons(cells, *vm.description->boot_balloons), 0, false};
    }
    return;
  }
  const TargetRecord& record = kept->second;
  const PerTier<Bytes> fitting{MeetableTarget(vm, TierId::kFmem, record.targets.fmem()),
                               MeetableTarget(vm, TierId::kSmem, record.targets.smem())};
  if (fitting == record.targets) {
    vm.targets = VmTargets{record.targets, record.generation, true};
    return;
  }
  const absl::Status status = CommitTargets(vm, fitting, NextGeneration(vm), {}, now);
  if (!status.ok()) {
    Trouble(&vm, fmt::format("fitting the targets of {} into its cells", vm.name), status);
    return;
  }
  Note(vm, EventKind::kTargetsSet, now, "targets fitted into the domain's cells, which are others now");
}

void Engine::Connect(Vm& vm, const Now& now) {
  const std::string& socket = vm.description->agent_socket;
  if (socket == vm.link.socket) return;
  if (!vm.link.socket.empty()) {
    // libvirt names the socket after the QEMU process: another name is another process, whose start we have missed.
    world_.agents->Close(vm.uuid);
    Started(vm, true);
    const std::uint64_t resets = vm.link.resets;
    vm.link = {};
    vm.link.resets = resets;
    vm.residency = {};
    vm.confinement.Restart();
  }
  if (socket.empty()) return;
  vm.link.socket = socket;
  vm.link.state = LinkState::kDown;
  vm.link.quiet_since = now.mono;
  vm.attach = {};
  world_.agents->Open(vm.uuid, socket);
}

void Engine::AttachIfNeeded(Vm& vm, const Now& now) {
  if (!options_.attach_channel || !connected_ || !vm.TwoTier() || vm.description->has_agent_channel) return;
  if (!ProvisionerOf(vm).NeedsAgent()) return;
  if (vm.state != DomainState::kRunning || vm.attach.running || now.mono < vm.attach.next) return;
  vm.attach.running = true;
  world_.domains->AttachAgentChannel(vm.uuid);
  Touch(vm);
}

void Engine::HandleAttached(const std::string& uuid, const absl::Status& status, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || !vm->attach.running) return;
  VmAttach& attach = vm->attach;
  attach.running = false;
  // Also after success: the domain's new XML should come at once; if it never does, asking again is the remedy.
  attach.pause = attach.pause == absl::ZeroDuration() ? options_.attach_retry_min
                                                      : std::min(attach.pause * 2, options_.attach_retry_max);
  attach.next = now.mono + attach.pause;
  attach.error = status.ok() ? "" : ToString(status.message());
  Touch(*vm);
}

void Engine::HandleReboot(const std::string& uuid, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || !vm->Alive()) return;
  Rebooted(*vm);
  vm->reboot_announced = true;
  Note(*vm, EventKind::kReboot, now, "the guest has rebooted; its targets are set again");
  FollowDevices(*vm, now);
}

void Engine::HandleGone(const std::string& uuid, const Now& now) {
  Remove(uuid, "the domain is gone", now);
  if (const auto resumed = resumed_.find(uuid); resumed != resumed_.end()) {
    Operation operation = *operations_.Find(resumed->second);
    resumed_.erase(resumed);
    MarkEnded(operation, OperationRecord::State::kFailed, absl::AbortedError("the domain is gone"), now);
    SaveOperation(operation.record);
    PutEnded(std::move(operation), now);
  }
  ForgetTargets(uuid);
  // Not so what it was promised: nova undefines a domain and defines it again to reboot it.
  if (policies_->contains(uuid)) absent_.try_emplace(uuid, now.mono);
}

void Engine::ForgetTargets(const std::string& uuid) {
  if (kept_.erase(uuid) == 0) return;
  const absl::Status status = world_.ledger->ForgetTargets(uuid);
  if (status.ok()) return;
  Trouble(nullptr, fmt::format("forgetting the targets of {}", uuid), status);
  unforgotten_targets_.insert(uuid);
}

void Engine::Remove(const std::string& uuid, const std::string& why, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr) return;
  Stopped(*vm, why, now);
  vms_.erase(uuid);
  dirty_.erase(uuid);
  members_changed_ = true;
}

void Engine::HandleDisconnected(const std::string& reason, const Now&) {
  connected_ = false;
  disconnect_reason_ = reason;
  header_changed_ = true;
  if (world_.on_connection) world_.on_connection(false, reason);
}

}  // namespace hypertier::control
