// SPDX-License-Identifier: Apache-2.0
//
// Engine: resizes, from the request to the end of the operation.
#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/control/charge.h"
#include "host-service/control/engine.h"
#include "host-service/control/fleet.h"
#include "host-service/control/progress.h"
#include "host-service/control/standing.h"

namespace hypertier::control {

std::uint64_t Engine::NextGeneration(const Vm& vm) const {
  std::uint64_t newest = vm.seen_generation;
  if (vm.targets) newest = std::max(newest, vm.targets->generation);
  // The ledger's even where its targets are not in force (no longer fitting the cells).
  if (const auto kept = kept_.find(vm.uuid); kept != kept_.end()) newest = std::max(newest, kept->second.generation);
  return newest + 1;
}

absl::Status Engine::CommitTargets(Vm& vm, const PerTier<Bytes>& targets, std::uint64_t generation, const Along& along,
                                   const Now& now) {
  const TargetRecord record{.uuid = vm.uuid, .targets = targets, .generation = generation, .changed = now.wall};
  absl::Status status = world_.ledger->SetTargets(record, along.begun, along.ended, along.audit);
  if (!status.ok()) return status;
  if (along.ended != nullptr) unsaved_operations_.erase(along.ended->id);
  if (along.audit != nullptr) ++audited_;
  PutInForce(vm, record, now);
  return absl::OkStatus();
}

void Engine::PutInForce(Vm& vm, const TargetRecord& record, const Now& now) {
  unforgotten_targets_.erase(vm.uuid);
  for (const TierId tier : kTiers) {
    const bool changed = !vm.targets || vm.targets->bytes[tier] != record.targets[tier];
    if (changed && vm.TwoTier() && vm.Reports(tier)) vm.pace[tier].Begin(vm.Usable(tier), now.mono);
  }
  kept_[vm.uuid] = record;
  absent_.erase(vm.uuid);
  vm.targets = VmTargets{record.targets, record.generation, true};
  vm.agreed = false;
  vm.at_target_since = {};
  vm.rediscard.Interrupted();
  UpdateCeiling(vm, options_.slack);
  Touch(vm);
}

absl::StatusOr<OperationPtr> Engine::Resize(const ResizeRequest& request, const Now& now) {
  if (!connected_) {
    return absl::UnavailableError(
        fmt::format("no libvirt connection ({}); hypertierd reconnects by itself, try again then", disconnect_reason_));
  }
  const auto found = FindByName(request.vm);
  if (!found.ok()) return found.status();
  Vm& vm = **found;
  const Standing standing = StandingOf(vm, options_);
  if (standing.management != Management::kManaged) {
    return absl::FailedPreconditionError(fmt::format("name: VM {} is not managed: {}", vm.name, standing.reason));
  }
  if (absl::Status frozen = CheckNoMaintenance(); !frozen.ok()) return frozen;
  if (options_.qos.Plans() && vm.promise.mode == policy::Mode::kAuto) {
    return absl::FailedPreconditionError(
        fmt::format("name: the targets of VM {} are planned (its mode is auto), so that the next plan would undo a "
                    "resize; change what it is promised, or its mode first (tierctl policy set {} --mode static)",
                    vm.name, vm.name));
  }
  const auto checked = CheckResize(vm, request, options_);
  if (!checked.ok()) return checked.status();
  if (absl::Status room = CheckRoom(vm, checked->targets); !room.ok()) return room;

  Operation operation;
  OperationRecord& record = operation.record;
  record.uuid = vm.uuid;
  record.targets = checked->named;
  record.start = {vm.Usable(TierId::kFmem), vm.Usable(TierId::kSmem)};
  record.created = now.wall;
  record.updated = now.wall;
  record.deadline = now.wall + checked->timeout;
  FillFigures(vm, operation);
  if (request.validate_only) return std::make_shared<const Operation>(std::move(operation));

  record.id = operations_.NextId(now.wall);
  record.generation = NextGeneration(vm);
  operation.status_message = "waiting for the guest to confirm the new targets";
  Operation superseded;
  const OperationPtr running = operations_.Find(vm.operation);
  if (running != nullptr) {
    superseded = *running;
    FillFigures(vm, superseded);
    MarkEnded(superseded, OperationRecord::State::kFailed,
              absl::AbortedError(fmt::format("superseded by a newer resize, operations/{}", record.id)), now);
  }
  const AuditRecord audit =
      MakeAudit(request.caller, "vm.resize", "vms/" + vm.uuid,
                fmt::format("operations/{}: fmem {} -> {}, smem {} -> {}", record.id,
                            FormatBytes(vm.targets->bytes.fmem()), FormatBytes(checked->targets.fmem()),
                            FormatBytes(vm.targets->bytes.smem()), FormatBytes(checked->targets.smem())),
                now);
  const OperationRecord* ended = running != nullptr ? &superseded.record : nullptr;
  const absl::Status status =
      CommitTargets(vm, checked->targets, record.generation, {.begun = &record, .ended = ended, .audit = &audit}, now);
  if (!status.ok()) {
    return absl::Status(status.code(),
                        fmt::format("the ledger could not take down the resize, so nothing was changed: {}",
                                    ToString(status.message())));
  }
  if (running != nullptr) PutEnded(std::move(superseded), now);
  vm.operation = record.id;
  vm.operation_deadline = now.mono + checked->timeout;
  const std::string id = record.id;
  Note(vm, EventKind::kTargetsSet, now,
       fmt::format("operations/{}: fmem {}, smem {}", id, FormatBytes(checked->targets.fmem()),
                   FormatBytes(checked->targets.smem())));
  if (world_.on_operation) world_.on_operation(&vm, operation.record);
  operations_.Put(std::move(operation));
  Tell(vm, now);
  return operations_.Find(id);
}

absl::StatusOr<OperationPtr> Engine::Cancel(const std::string& name, const Caller& caller, const Now& now) {
  const std::string id = WithoutPrefix(name, "operations/");
  if (id.empty()) return absl::InvalidArgumentError("name: empty; write \"operations/{id}\"");
  const OperationPtr running = operations_.Find(id);
  if (running == nullptr) {
    return absl::NotFoundError(
        fmt::format("name: no operation \"{}\"; ended operations are forgotten after an hour", id));
  }
  if (Ended(running->record.state)) {
    return absl::FailedPreconditionError(fmt::format("name: operations/{} has ended ({}); there is nothing to cancel",
                                                     id, OperationStateName(running->record.state)));
  }
  if (absl::Status frozen = CheckNoMaintenance(); !frozen.ok()) return frozen;
  Vm* vm = Find(running->record.uuid);
  if (vm == nullptr || !vm->targets || !vm->TwoTier()) {
    return absl::UnavailableError(fmt::format(
        "operations/{} was begun before hypertierd was restarted, and libvirt has not shown its VM yet; try again",
        id));
  }

  Operation operation = *running;
  FillFigures(*vm, operation);
  PerTier<Bytes> targets = vm->targets->bytes;
  for (const TierId tier : kTiers) {
    if (!operation.tiers[tier]) continue;
    const TierProgress& figures = *operation.tiers[tier];
    // Between start and target, whatever the guest claims; rounded so that the VM keeps every page it has.
    const auto [low, high] = std::minmax(figures.start, figures.target);
    const Bytes page_up = PageDown(figures.current + Bytes(kPage.count() - 1));
    const Bytes floor = std::min({options_.floors[tier], vm->cells()[tier], high});
    targets[tier] = MeetableTarget(*vm, tier, std::max(std::clamp(page_up, low, high), floor));
  }
  MarkEnded(operation, OperationRecord::State::kCancelled, absl::OkStatus(), now);
  const AuditRecord audit = MakeAudit(
      caller, "vm.cancel", "vms/" + vm->uuid,
      fmt::format("operations/{}: fmem {}, smem {} stay", id, FormatBytes(targets.fmem()), FormatBytes(targets.smem())),
      now);
  const absl::Status status = CommitTargets(*vm, targets, NextGeneration(*vm),
                                            {.begun = nullptr, .ended = &operation.record, .audit = &audit}, now);
  if (!status.ok()) {
    return absl::Status(status.code(),
                        fmt::format("the ledger could not take down the cancellation, so nothing was changed: {}",
                                    ToString(status.message())));
  }
  vm->operation.clear();
  PutEnded(std::move(operation), now);
  Note(*vm, EventKind::kTargetsSet, now,
       fmt::format("operations/{} was cancelled: fmem {}, smem {}", id, FormatBytes(targets.fmem()),
                   FormatBytes(targets.smem())));
  Tell(*vm, now);
  return operations_.Find(id);
}

void Engine::FillFigures(const Vm& vm, Operation& operation) const {
  for (const TierId tier : kTiers) {
    if (operation.record.targets[tier]) operation.tiers[tier] = FiguresOf(vm, operation.record, tier);
  }
}

void Engine::Advance(Vm& vm, const Now& now) {
  if (vm.operation.empty()) return;
  const OperationPtr before = operations_.Find(vm.operation);
  const Progress progress = JudgeProgress(vm, before->record, StandingOf(vm, options_).reason, options_, now.mono);
  if (progress.reached) {
    EndOperation(vm, OperationRecord::State::kSucceeded, absl::OkStatus(), now);
    return;
  }
  if (now.mono >= vm.operation_deadline) {
    EndOperation(vm, OperationRecord::State::kFailed,
                 absl::DeadlineExceededError(
                     fmt::format("not reached in time; the targets stay in force. Last: {}", progress.waits_for)),
                 now);
    return;
  }
  Operation after = *before;
  // Once the guest has shown the targets it stays RUNNING, also while nobody reports.
  if (progress.confirmed) after.record.state = OperationRecord::State::kRunning;
  after.status_message = progress.waits_for;
  FillFigures(vm, after);
  if (after.record.state == before->record.state && after.status_message == before->status_message &&
      after.tiers == before->tiers) {
    return;
  }
  after.record.updated = now.wall;
  operations_.Put(std::move(after));
}

void Engine::MarkEnded(Operation& operation, OperationRecord::State state, absl::Status error, const Now& now) const {
  operation.record.state = state;
  operation.record.error = std::move(error);
  operation.record.ended = now.wall;
  operation.record.updated = now.wall;
  operation.status_message.clear();
}

void Engine::PutEnded(Operation operation, const Now& now) {
  if (world_.on_operation) world_.on_operation(Find(operation.record.uuid), operation.record);
  operations_.Put(std::move(operation), now.mono + options_.keep_operations);
}

void Engine::EndOperation(Vm& vm, OperationRecord::State state, absl::Status error, const Now& now) {
  if (vm.operation.empty()) return;
  Operation operation = *operations_.Find(vm.operation);
  if (vm.TwoTier()) FillFigures(vm, operation);
  MarkEnded(operation, state, std::move(error), now);
  vm.operation.clear();
  SaveOperation(operation.record);
  PutEnded(std::move(operation), now);
  Touch(vm);
}

void Engine::SaveOperation(const OperationRecord& record) {
  const absl::Status status = world_.ledger->UpdateOperation(record);
  if (status.ok()) return;
  Trouble(nullptr, fmt::format("writing down the end of operations/{}", record.id), status);
  unsaved_operations_.insert(record.id);
}

}  // namespace hypertier::control
