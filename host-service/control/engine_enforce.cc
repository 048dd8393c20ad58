// SPDX-License-Identifier: Apache-2.0
//
// Engine: the ladder of a VM that keeps more than its target: compliant, lagging, violating, confined, and what the
// operator wants done with one that stays violating.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "common/text.h"
#include "host-service/control/charge.h"
#include "host-service/control/commitment.h"
#include "host-service/control/engine.h"
#include "host-service/control/fleet.h"

namespace hypertier::control {
namespace {

using Action = EngineOptions::Enforcement::Action;

// So that many VMs share what is spare, and each is looked at between two steps.
constexpr Bytes kMostMovedAtATime = Bytes::GiB(1);

std::string EndOfViolation(qos::Compliance compliance) {
  switch (compliance) {
    case qos::Compliance::kLagging:
      return "gives back again";
    case qos::Compliance::kConfined:
      return "what it holds beyond its target lies on the host's SMEM nodes";
    default:
      return "holds no more than its target";
  }
}

}  // namespace

void Engine::FollowCompliance(Vm& vm, const Now& now) {
  if (!vm.TwoTier() || !vm.Alive()) {
    vm.overstay = {};
    vm.excess = {};
    vm.compliance = {};
    vm.confinement.Restart();
    return;
  }
  // Between two measurements nobody can be seen to give back.
  const absl::Duration seen = SeenAt(vm, now);
  for (const TierId tier : kTiers) {
    const Bytes target = TargetOf(vm, tier);
    vm.overstay[tier].Update(ChargedOf(vm, tier), target + options_.slack, seen);
    if (!vm.residency.bytes || !vm.targets) {
      if (vm.compliance[tier]) Touch(vm);
      vm.excess[tier] = {};
      vm.compliance[tier].reset();
      continue;
    }
    const Bytes held = HeldOf(vm, tier);
    vm.excess[tier].Update(held, target + options_.slack, seen);
    const std::optional<qos::Compliance> before = vm.compliance[tier];
    qos::Compliance after = vm.excess[tier].At(seen, options_.overstay_patience);
    const bool confined = tier == TierId::kFmem && DisplacedOf(vm) > Bytes();
    if (confined && after != qos::Compliance::kViolating) after = qos::Compliance::kConfined;
    if (before == after) continue;
    vm.compliance[tier] = after;
    Touch(vm);
    if (after == qos::Compliance::kViolating) {
      Note(vm, EventKind::kViolating, now,
           fmt::format("{}: holds {}, {} more than its target, and does not give it back", TierName(tier),
                       FormatBytes(held), FormatBytes(held - target)),
           tier);
    } else if (before == qos::Compliance::kViolating) {
      Note(vm, EventKind::kViolatingEnded, now, fmt::format("{}: {}", TierName(tier), EndOfViolation(after)), tier);
    }
  }
}

void Engine::Enforce(Vm& vm, std::optional<Bytes>& spare, const Now& now) {
  if (!vm.TwoTier() || !vm.Alive() || !vm.targets || !vm.residency.bytes || host_->maintenance || !connected_) {
    // It has its grace anew.
    vm.confinement.violating_since.reset();
    return;
  }
  ConfineIfNeeded(vm, spare, now);
  PunishIfDue(vm, now);
}

Bytes Engine::SpareSmem() const {
  // Nobody knows what there is: the nodes' own room bounds it.
  if (!options_.qos.capacity) return Bytes::Max();
  std::vector<const Vm*> fleet;
  for (const auto& [uuid, vm] : vms_) fleet.push_back(vm.get());
  return control::SpareSmem(fleet, *tenants_, *grants_, options_);
}

void Engine::ConfineIfNeeded(Vm& vm, std::optional<Bytes>& spare, const Now& now) {
  VmConfinement& confinement = vm.confinement;
  if (!options_.enforcement.confine || world_.confinement == nullptr || confinement.running) return;
  const bool violating = vm.compliance.fmem() == qos::Compliance::kViolating;
  const bool known = confinement.displaced.has_value();
  const bool counts = OnSmemOf(vm) > Bytes();
  if (known && !violating && !counts) return;
  const bool waits = now.mono < confinement.next;
  // What counts as displaced is looked at each period, whatever may be moved.
  if (waits && !counts) return;
  Bytes at_most;
  // An earlier hypertierd may have confined it: it is looked at before anything is moved.
  if (known && !waits) {
    if (!spare) spare = SpareSmem();
    // What lies there already needs no more room, nor what the last step has moved.
    const Bytes excess = HeldOf(vm, TierId::kFmem) - TargetOf(vm, TierId::kFmem) - confinement.unseen;
    if (violating && excess > Bytes() && *spare == Bytes()) {
      confinement.next = now.mono + options_.enforcement.retry;
      Trouble(&vm, fmt::format("confining {}", vm.name),
              absl::ResourceExhaustedError("all of the host's SMEM is held or promised; lower what is reserved of it"));
      if (!counts) return;
    }
    at_most = std::min({*spare, excess, kMostMovedAtATime});
    *spare -= at_most;
  }
  confinement.running = true;
  confinement.unseen = at_most;
  world_.confinement->Confine(*vm.description, vm.targets->bytes.fmem() + options_.slack, at_most);
}

void Engine::HandleConfined(const std::string& uuid, const absl::StatusOr<Confinement>& confined, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || !vm->confinement.running) return;
  VmConfinement& confinement = vm->confinement;
  confinement.running = false;
  if (std::exchange(confinement.outdated, false)) return;
  Touch(*vm);
  const absl::Status trouble = confined.ok() ? confined->trouble : confined.status();
  if (!trouble.ok()) {
    confinement.next = now.mono + options_.enforcement.retry;
    Trouble(vm, fmt::format("confining {}", vm->name), trouble);
  }
  const Bytes before = confinement.displaced.value_or(Bytes());
  if (!confined.ok()) {
    // Nothing counts that nobody has seen.
    confinement.displaced.reset();
    confinement.unseen = {};
    return;
  }
  confinement.displaced = confined->slow;
  confinement.unseen = confined->moved;
  if (before == Bytes() && confined->slow > Bytes()) {
    Note(*vm, EventKind::kConfined, now,
         fmt::format("fmem: {} of its cell lie on the host's SMEM nodes, since it keeps more than its target",
                     FormatBytes(confined->slow)),
         TierId::kFmem);
  } else if (before > Bytes() && confined->slow == Bytes()) {
    Note(*vm, EventKind::kConfinedEnded, now, "fmem: all of its cell lies on the host's FMEM nodes again",
         TierId::kFmem);
  }
}

void Engine::PunishIfDue(Vm& vm, const Now& now) {
  std::optional<absl::Duration>& since = vm.confinement.violating_since;
  const TierId* violated = nullptr;
  for (const TierId& tier : kTiers) {
    if (vm.compliance[tier] == qos::Compliance::kViolating) violated = &tier;
  }
  // A VM that does not run cannot give back, nor one that was never told to.
  const bool told =
      vm.targets->in_ledger && vm.asked.error.empty() && (vm.agreed || vm.asked.generation >= vm.targets->generation);
  if (violated == nullptr || vm.state != DomainState::kRunning || !told) return since.reset();
  // Nor is it its doing what waits for us to look at it or to move it, as long as that gets somewhere.
  const Bytes displaced = DisplacedOf(vm);
  const Bytes more = std::max(Bytes((HeldOf(vm, *violated) - TargetOf(vm, *violated)).count() / 20), kPage);
  const bool moves = !vm.confinement.displaced || displaced >= vm.confinement.displaced_then + more;
  const bool ours = *violated == TierId::kFmem && options_.enforcement.confine && world_.confinement != nullptr &&
                    moves && vm.confinement.next <= now.mono;
  if (!since || ours) {
    since = now.mono;
    vm.confinement.displaced_then = displaced;
  }
  const Action action = options_.enforcement.action;
  // It has to be seen at the end of its grace.
  if (action == Action::kReport || SeenAt(vm, now) - *since < options_.enforcement.grace) return;
  since = now.mono;
  const bool pause = action == Action::kPause;
  std::string why = fmt::format("{}: has kept {} more than its target for {}; it is {}, as qos.on_violation says",
                                TierName(*violated), FormatBytes(HeldOf(vm, *violated) - TargetOf(vm, *violated)),
                                absl::FormatDuration(options_.enforcement.grace), pause ? "paused" : "destroyed");
  const AuditRecord audit{.sequence = 0,
                          .time = now.wall,
                          .actor = "hypertierd",
                          .action = pause ? "vm.pause" : "vm.destroy",
                          .subject = "vms/" + vm.uuid,
                          .detail = why};
  // Nobody is punished without a trace.
  if (const absl::Status status = world_.ledger->WriteAudit(audit); !status.ok()) {
    return Trouble(&vm, fmt::format("writing down why {} is to be {}", vm.name, pause ? "paused" : "destroyed"),
                   status);
  }
  ++audited_;
  vm.confinement.punishment = std::move(why);
  pause ? world_.domains->Pause(vm.uuid) : world_.domains->Destroy(vm.uuid);
}

void Engine::HandlePunished(const std::string& uuid, bool paused, const absl::Status& status, const Now& now) {
  Vm* vm = Find(uuid);
  if (vm == nullptr || vm->confinement.punishment.empty()) return;
  std::string why = std::exchange(vm->confinement.punishment, {});
  // It is tried again when the grace is over once more.
  if (!status.ok()) return Trouble(vm, fmt::format("qos.on_violation on {}", vm->name), status);
  if (paused) why += "; resume it once its guest can give back";
  Note(*vm, paused ? EventKind::kPaused : EventKind::kDestroyed, now, std::move(why), TierId::kFmem);
}

}  // namespace hypertier::control
