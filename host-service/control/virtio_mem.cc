// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/virtio_mem.h"

namespace hypertier::control {

Standing VirtioMem::Judge(const Vm&, const EngineOptions&) const {
  // Whether the guest has the driver shows by what it plugs.
  return {Management::kManaged, ""};
}

void VirtioMem::Tell(const Vm& vm, AgentCommands&, DomainCommands& domains) const {
  PerTier<Bytes> requested;
  for (const TierId tier : kTiers) requested[tier] = vm.targets->bytes[tier] - vm.description->Base(tier);
  domains.SetRequested(vm.uuid, requested);
}

GuestReport ReadDevices(Vm& vm, const EngineOptions& options, absl::Duration now) {
  GuestReport report;
  report.by_hypervisor = true;
  report.source = GuestReport::Source::kBoot;
  bool ours = vm.targets && vm.targets->in_ledger;
  for (const TierId tier : kTiers) {
    const domain::VirtioMemDevice& device = (*vm.description->virtio_mem)[tier];
    if (vm.moved[tier].device != device) vm.moved[tier] = {device, now};
    GuestTier& to = report.tiers[tier].emplace();
    to.balloon_target = device.size - device.requested;
    to.balloon = device.size - device.current;
    to.state = GuestTierState::kIdle;
    if (device.current < device.requested) to.state = GuestTierState::kGrowing;
    if (device.current > device.requested) {
      const bool stands_still = now - vm.moved[tier].since >= options.unplug_patience;
      to.state = stands_still ? GuestTierState::kShort : GuestTierState::kShrinking;
      if (stands_still) to.shortfall = device.current - device.requested;
    }
    ours = ours && vm.description->Base(tier) + device.requested == vm.targets->bytes[tier];
  }
  // A device keeps no generations: it is at ours when it is asked for our targets.
  if (ours) report.generation = vm.targets->generation;
  return report;
}

}  // namespace hypertier::control
