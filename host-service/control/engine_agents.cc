// SPDX-License-Identifier: Apache-2.0
//
// Engine: what guests say, and what the host measures of them.
#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/control/agreement.h"
#include "host-service/control/charge.h"
#include "host-service/control/engine.h"
#include "host-service/control/progress.h"
#include "host-service/control/provisioner.h"
#include "host-service/control/virtio_mem.h"

namespace hypertier::control {
namespace {

std::string FeatureName(int feature) {
  if (feature == agent::v1::FEATURE_BALLOONS) return "balloons";
  if (feature == agent::v1::FEATURE_PLACEMENT) return "placement";
  return fmt::format("feature-{}", feature);
}

std::string FormatTargets(const PerTier<Bytes>& targets) {
  return fmt::format("fmem {}, smem {}", FormatBytes(targets.fmem()), FormatBytes(targets.smem()));
}

}  // namespace

void Engine::ForgetGuest(Vm& vm) {
  vm.link.report.reset();
  vm.agreed = false;
  vm.at_target_since = {};
  vm.rediscard.Interrupted();
  ResetCeiling(vm);
}

void Engine::Rebooted(Vm& vm) {
  ForgetGuest(vm);
  vm.asked = {};
  vm.known_total.reset();
  vm.fresh_boot = true;
}

void Engine::HandleLinkUp(const std::string& uuid, const agent::v1::GuestHello& hello, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || !vm->TwoTier() || vm->link.socket.empty()) return;
  VmLink& link = vm->link;
  if (!link.boot_id.empty() && !hello.boot_id().empty() && link.boot_id != hello.boot_id()) {
    Rebooted(*vm);
    if (!vm->reboot_announced) Note(*vm, EventKind::kReboot, now, "the guest has rebooted; its targets are set again");
    vm->reboot_announced = false;
    FollowDevices(*vm, now);
  }
  link.state = LinkState::kUp;
  link.down_reason.clear();
  link.boot_id = hello.boot_id();
  link.agent_version = hello.agent_version();
  link.kernel_release = hello.kernel_release();
  link.protocol_version = hello.version();
  link.features.clear();
  link.balloons = false;
  for (const int feature : hello.features()) {
    // Where the domain has virtio-mem, an agent is there for placement alone.
    link.balloons = link.balloons || (feature == agent::v1::FEATURE_BALLOONS && ProvisionerOf(*vm).NeedsAgent());
    if (link.features.size() < 16) link.features.push_back(FeatureName(feature));
  }
  link.balloons_unavailable = hello.balloons_unavailable();
  link.placement.reset();
  link.up_since = now.mono;
  link.quiet_since = now.mono;
  // Whatever was on its way is lost with the old session.
  vm->asked.at = -absl::InfiniteDuration();
  Note(*vm, EventKind::kAgentConnected, now,
       fmt::format("hypertier-agent {} on Linux {}", link.agent_version, link.kernel_release));
}

void Engine::HandleLinkDown(const std::string& uuid, const std::string& reason, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || vm->link.socket.empty()) return;
  const bool was_up = vm->link.state != LinkState::kDown;
  if (!was_up && vm->link.down_reason == reason) return;
  vm->link.state = LinkState::kDown;
  vm->link.down_reason = reason;
  vm->rediscard.Interrupted();
  Touch(*vm);
  if (was_up) Note(*vm, EventKind::kAgentLost, now, fmt::format("the agent's link is down: {}", reason));
}

void Engine::HandleLinkReset(const std::string& uuid, const std::string& reason, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || vm->link.socket.empty()) return;
  ++vm->link.resets;
  vm->link.state = LinkState::kDown;
  vm->link.down_reason = reason;
  vm->rediscard.Interrupted();
  Note(*vm, EventKind::kLinkReset, now, fmt::format("the agent's link was reset: {}", reason));
}

void Engine::HandleReport(const std::string& uuid, const agent::v1::Report& message, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || !vm->TwoTier() || vm->link.state == LinkState::kDown) return;
  VmLink& link = vm->link;
  link.placement =
      message.has_placement() ? std::make_shared<const agent::v1::PlacementReport>(message.placement()) : nullptr;
  const Bytes move_limit = vm->description->move_rate.value_or(Bytes());
  if (message.has_placement() && message.placement().move_limit() != move_limit.count()) {
    world_.agents->LimitMoves(uuid, move_limit);
  }
  link.last_report_mono = now.mono;
  link.last_report_wall = now.wall;
  link.quiet_since = now.mono;
  if (link.state == LinkState::kStale) {
    link.state = LinkState::kUp;
    Note(*vm, EventKind::kAgentConnected, now, "the agent reports again");
  }
  if (link.balloons) {
    TakeReport(*vm, ReadReport(message, vm->cells(), link.implausible_figures), now);
  } else {
    Touch(*vm);
  }
}

void Engine::TakeReport(Vm& vm, GuestReport report, const Now& now) {
  const std::optional<GuestReport> before = std::exchange(vm.link.report, std::move(report));
  const GuestReport& said = *vm.link.report;
  if (said.generation <= kMaxForeignGeneration) vm.seen_generation = std::max(vm.seen_generation, said.generation);
  if (said.generation != 0 && said.generation == vm.asked.generation) vm.asked.confirmed = true;
  NoteChanges(vm, before, now);
  if (said.broken) {
    vm.agreed = false;
  } else {
    Settle(vm, now);
  }
  FollowGuest(vm, now);
}

void Engine::FollowDevices(Vm& vm, const Now& now) {
  if (!vm.Alive() || !vm.TwoTier() || !vm.description->virtio_mem) return;
  GuestReport report = ReadDevices(vm, options_, now.mono);
  if (vm.agreed && vm.link.report == report) return;
  TakeReport(vm, std::move(report), now);
}

void Engine::NoteChanges(Vm& vm, const std::optional<GuestReport>& before, const Now& now) {
  if (!before) return;
  const GuestReport& report = *vm.link.report;
  // Counters that went back started anew (a reboot, or the module was loaded again); there is nothing to compare them
  // with.
  if (report.oom_deflates > before->oom_deflates) {
    vm.pressed_until = now.mono + options_.pressed;
    Note(vm, EventKind::kOomDeflate, now,
         fmt::format("the guest ran out of memory and took {} back from its balloons",
                     FormatBytes(report.oom_deflated - before->oom_deflated)));
  }
  for (const TierId tier : kTiers) {
    if (!report.tiers[tier] || !before->tiers[tier]) continue;
    const Bytes is = report.tiers[tier]->shortfall;
    if (is > Bytes() && !vm.short_told[tier]) {
      vm.short_told[tier] = true;
      Note(vm, EventKind::kShortfall, now,
           fmt::format("{}: the guest cannot give up {}", TierName(tier), FormatBytes(is)), tier);
    } else if (is == Bytes() && vm.short_told[tier] && BalloonAtTarget(vm, tier)) {
      vm.short_told[tier] = false;
      Note(vm, EventKind::kShortfallEnded, now, fmt::format("{}: the shortfall has ended", TierName(tier)), tier);
    }
  }
}

void Engine::Settle(Vm& vm, const Now& now) {
  const bool was_agreed = std::exchange(vm.agreed, false);
  switch (Compare(vm)) {
    case Agreement::kAgreed:
      vm.agreed = true;
      vm.fresh_boot = false;
      vm.known_total.reset();
      if (vm.link.report->source == GuestReport::Source::kTotal) vm.known_total = vm.link.report->BalloonTargets();
      break;
    case Agreement::kTell:
      Tell(vm, now);
      break;
    case Agreement::kRenew:
      Renew(vm, now);
      break;
    case Agreement::kAdopt:
      if (MayAdopt(vm)) {
        Adopt(vm, now);
      } else {
        Tell(vm, now);
      }
      break;
    case Agreement::kAdoptBoot:
      vm.targets = VmTargets{TargetsFromBalloons(vm.cells(), vm.link.report->BalloonTargets()), 0, false};
      vm.agreed = true;
      break;
    case Agreement::kUnclear:
      break;
  }
  if (was_agreed && !vm.agreed) vm.at_target_since = {};
}

// A total is the guest's word about what virsh has told it. Where somebody has promised what VMs may have, it counts no
// more than a client's.
bool Engine::MayAdopt(const Vm& vm) const {
  const bool first = !vm.targets || !vm.targets->in_ledger;
  if (first || !options_.qos.Plans()) return !host_->maintenance || first;
  if (host_->maintenance || vm.promise.mode == policy::Mode::kAuto) return false;
  const PerTier<Bytes> targets = TargetsFromBalloons(vm.cells(), vm.link.report->BalloonTargets());
  for (const TierId tier : kTiers) {
    if (targets[tier] > vm.promise.tiers[tier].limit) return false;
  }
  return CheckRoom(vm, targets).ok();
}

void Engine::Adopt(Vm& vm, const Now& now) {
  if (now.mono - vm.guest_write < options_.guest_writes_every) return;
  vm.guest_write = now.mono;
  const GuestReport& report = *vm.link.report;
  const PerTier<Bytes> balloons = report.BalloonTargets();
  const PerTier<Bytes> targets = TargetsFromBalloons(vm.cells(), balloons);
  // The guest's own generation names these very sizes already, where it has one that we may use.
  const std::uint64_t next = NextGeneration(vm);
  const bool own = report.generation != 0 && report.generation + 1 == next;
  const bool outstanding = vm.asked.generation != 0 && !vm.asked.confirmed;

  Operation ended;
  const OperationPtr running = operations_.Find(vm.operation);
  if (running != nullptr) {
    ended = *running;
    MarkEnded(ended, OperationRecord::State::kFailed,
              absl::AbortedError("superseded: a new total was set outside hypertierd (virsh setmem) and adopted"), now);
  }
  const absl::Status status =
      CommitTargets(vm, targets, own ? report.generation : next,
                    {.begun = nullptr, .ended = running != nullptr ? &ended.record : nullptr, .audit = nullptr}, now);
  if (!status.ok()) {
    Trouble(&vm, fmt::format("adopting the targets of {}", vm.name), status);
    return;
  }
  if (running != nullptr) {
    FillFigures(vm, ended);
    vm.operation.clear();
    PutEnded(std::move(ended), now);
  }
  vm.known_total = balloons;
  Note(vm, EventKind::kTargetsAdopted, now,
       fmt::format("{}: {}",
                   report.source == GuestReport::Source::kTotal
                       ? "a total set outside hypertierd (virsh setmem) was adopted"
                       : "the guest's targets were adopted: the ledger had none",
                   FormatTargets(targets)));
  if (outstanding) {
    // Something older of ours may still reach the guest; the adopted targets must come after it.
    Tell(vm, now);
  } else {
    vm.agreed = Compare(vm) == Agreement::kAgreed;
    vm.fresh_boot = vm.fresh_boot && !vm.agreed;
  }
}

void Engine::Renew(Vm& vm, const Now& now) {
  if (now.mono - vm.guest_write < options_.guest_writes_every) return;
  vm.guest_write = now.mono;
  const std::uint64_t generation = NextGeneration(vm);
  Operation renewed;
  const OperationPtr running = operations_.Find(vm.operation);
  if (running != nullptr) {
    renewed = *running;
    renewed.record.generation = generation;
  }
  const absl::Status status =
      CommitTargets(vm, vm.targets->bytes, generation,
                    {.begun = running != nullptr ? &renewed.record : nullptr, .ended = nullptr, .audit = nullptr}, now);
  if (!status.ok()) {
    Trouble(&vm, fmt::format("taking a newer generation for {}", vm.name), status);
    return;
  }
  if (running != nullptr) operations_.Put(std::move(renewed));
  Tell(vm, now);
}

void Engine::Tell(Vm& vm, const Now& now) {
  const Provisioner& provisioner = ProvisionerOf(vm);
  if (!provisioner.CanTell(vm) || !vm.targets || !vm.targets->in_ledger) return;
  const std::uint64_t generation = vm.targets->generation;
  const absl::Duration pause = vm.asked.refused == generation ? options_.resend_refused_every : options_.resend_every;
  if (vm.asked.generation == generation && now.mono - vm.asked.at < pause) return;
  vm.asked.generation = generation;
  vm.asked.at = now.mono;
  vm.asked.confirmed = false;
  provisioner.Tell(vm, *world_.agents, *world_.domains);
}

void Engine::HandleRequested(const std::string& uuid, const absl::Status& status, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr) return;
  const std::string error = status.ok() ? "" : ToString(status.message());
  if (std::exchange(vm->asked.error, error) == error) return;
  if (!error.empty()) Trouble(vm, fmt::format("handing {} its targets; it is tried again", vm->name), status);
  Touch(*vm);
  Advance(*vm, now);
}

void Engine::HandleCommandFailed(const std::string& uuid, std::uint64_t generation, const std::string& reason,
                                 const Now& now) {
  Vm* vm = Find(uuid);
  // Only what we have asked for can fail; an old generation no longer matters.
  if (vm == nullptr || !vm->targets || generation == 0 || generation != vm->asked.generation ||
      generation != vm->targets->generation) {
    return;
  }
  vm->asked.refused = generation;
  const OperationPtr operation = operations_.Find(vm->operation);
  if (operation == nullptr || operation->record.generation != generation) return;
  constexpr std::size_t kMost = 256;
  EndOperation(*vm, OperationRecord::State::kFailed,
               absl::FailedPreconditionError(fmt::format("the guest refused the new balloon sizes: {}",
                                                         std::string_view(reason).substr(0, kMost))),
               now);
}

void Engine::FollowGuest(Vm& vm, const Now& now) {
  bool arrived = false;
  for (const TierId tier : kTiers) {
    if (vm.Reports(tier)) vm.pace[tier].Seen(vm.Usable(tier), now.mono);
    std::optional<absl::Duration>& since = vm.at_target_since[tier];
    if (!vm.agreed || !BalloonAtTarget(vm, tier)) {
      since.reset();
    } else if (!since) {
      since = now.mono;
      arrived = true;
    }
  }
  // An operation may wait for nothing but a measurement.
  if (arrived && !vm.operation.empty()) world_.residency->Hurry(vm.uuid);
  if (!GuestAtTarget(vm)) vm.rediscard.Interrupted();
  UpdateCeiling(vm, options_.slack);
  Touch(vm);
  Advance(vm, now);
}

void Engine::HandleResidency(const std::string& uuid, const absl::StatusOr<PerTier<Bytes>>& resident,
                             absl::Duration taken, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || !vm->TwoTier() || !vm->Alive()) return;
  VmResidency& residency = vm->residency;
  residency.taken = taken;
  if (resident.ok()) {
    residency.bytes = *resident;
    residency.error.clear();
  } else {
    residency.bytes.reset();
    residency.error = ToString(resident.status().message());
  }
  UpdateCeiling(*vm, options_.slack);
  Touch(*vm);

  // Of virtio-mem nothing comes back: what QEMU has unplugged is not saved, and not sent along.
  const bool balloons = vm->link.state == LinkState::kUp && vm->link.balloons;
  const bool idle = balloons && vm->state == DomainState::kRunning && GuestAtTarget(*vm) &&
                    taken >= *vm->at_target_since.fmem() && taken >= *vm->at_target_since.smem();
  if (idle && residency.bytes) {
    bool over = false;
    for (const TierId tier : kTiers) {
      over = over || (*residency.bytes)[tier] > vm->targets->bytes[tier] + options_.slack;
    }
    if (vm->rediscard.Measured(over, now.mono, options_.rediscard_min, options_.rediscard_max)) {
      world_.agents->Rediscard(vm->uuid);
      Note(*vm, EventKind::kRediscard, now,
           "memory that the balloons hold back is backed by the host again; the guest was asked to hand it over once "
           "more");
    }
  }
  Advance(*vm, now);
}

}  // namespace hypertier::control
