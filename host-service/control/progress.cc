// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/progress.h"

#include <fmt/format.h>

#include <vector>

#include "common/text.h"

namespace hypertier::control {
namespace {

std::string Join(const std::vector<std::string>& parts) {
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string GuestPart(const Vm& vm, TierId tier, const EngineOptions& options, absl::Duration now) {
  const GuestTier& guest = *vm.link.report->tiers[tier];
  const Bytes usable = vm.Usable(tier);
  const Bytes target = vm.targets->bytes[tier];
  if (guest.shortfall > Bytes()) {
    return fmt::format("{}: the guest cannot give up {} now and tries again by itself", TierName(tier),
                       FormatBytes(guest.shortfall));
  }
  const bool takes_none = vm.link.report->by_hypervisor && now - vm.moved[tier].since >= options.unplug_patience;
  if (usable < target && takes_none) {
    return fmt::format(
        "{}: {} still to go to the guest, which takes none: it needs the driver virtio_mem, and a kernel "
        "that puts new memory to use (memhp_default_state=online_movable)",
        TierName(tier), FormatBytes(target - usable));
  }
  return usable > target
             ? fmt::format("{}: {} still to come from the guest", TierName(tier), FormatBytes(usable - target))
             : fmt::format("{}: {} still to go to the guest", TierName(tier), FormatBytes(target - usable));
}

// Empty when the host's measurement of a tier that shrank agrees, or there is no waiting for it.
std::string HostPart(const Vm& vm, TierId tier, const EngineOptions& options, absl::Duration now) {
  const VmResidency& residency = vm.residency;
  const absl::Duration since = vm.at_target_since[tier].value_or(now);
  // A measurement from before the guest was there proves nothing: memory it touched since is not in it.
  if (residency.taken < since) {
    if (!residency.error.empty() || now - since > options.residency_patience) return "";
    return fmt::format("{}: the guest is there; waiting for the host's own measurement", TierName(tier));
  }
  if (!residency.bytes) return "";
  const Bytes most = vm.targets->bytes[tier] + options.slack;
  const Bytes resident = (*residency.bytes)[tier];
  if (resident <= most) return "";
  return fmt::format("{}: the guest is there, but the host still backs {} more than the target", TierName(tier),
                     FormatBytes(resident - vm.targets->bytes[tier]));
}

}  // namespace

bool BalloonAtTarget(const Vm& vm, TierId tier) {
  return vm.targets && vm.Reports(tier) && vm.Usable(tier) == vm.targets->bytes[tier];
}

bool GuestAtTarget(const Vm& vm) {
  return vm.agreed && BalloonAtTarget(vm, TierId::kFmem) && BalloonAtTarget(vm, TierId::kSmem);
}

TierProgress FiguresOf(const Vm& vm, const OperationRecord& operation, TierId tier) {
  TierProgress figures;
  figures.start = operation.start[tier];
  figures.target = *operation.targets[tier];
  figures.current = vm.Reports(tier) ? vm.Usable(tier) : operation.start[tier];
  figures.resident = vm.residency.bytes ? (*vm.residency.bytes)[tier] : Bytes();
  figures.shortfall = vm.Reports(tier) ? vm.link.report->tiers[tier]->shortfall : Bytes();
  return figures;
}

Progress JudgeProgress(const Vm& vm, const OperationRecord& operation, const std::string& waiting_reason,
                       const EngineOptions& options, absl::Duration now) {
  Progress progress;
  progress.confirmed = vm.agreed && vm.link.report && vm.link.report->generation == operation.generation;
  if (!waiting_reason.empty()) {
    progress.waits_for = waiting_reason;
    return progress;
  }
  if (!progress.confirmed) {
    progress.waits_for =
        vm.asked.error.empty()
            ? "waiting for the guest to confirm the new targets"
            : fmt::format("the new targets could not be handed over and will be again: {}", vm.asked.error);
    return progress;
  }
  std::vector<std::string> waits;
  for (const TierId tier : kTiers) {
    if (!operation.targets[tier]) continue;
    if (!BalloonAtTarget(vm, tier)) {
      waits.push_back(GuestPart(vm, tier, options, now));
      continue;
    }
    const bool shrank = *operation.targets[tier] < operation.start[tier];
    if (!shrank) continue;
    if (std::string host = HostPart(vm, tier, options, now); !host.empty()) waits.push_back(std::move(host));
  }
  progress.reached = waits.empty();
  progress.waits_for = Join(waits);
  return progress;
}

}  // namespace hypertier::control
