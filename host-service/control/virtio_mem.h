// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/time/time.h"
#include "host-service/control/provisioner.h"

namespace hypertier::control {

// A virtio-mem device a tier, told and reported by libvirt: the guest's part is the driver of its stock kernel.
//
// What the reports say is QEMU's word, not the guest's. It plugs nothing beyond what is requested, whatever a guest
// asks for: virtio_mem_state_change_request() of hw/virtio/virtio-mem.c answers with NACK, as read in its sources from
// before and after dynamic memslots (8.2). So the guest's right is bounded at once when less is requested, even where
// it has not given anything back. QEMU does not keep a hostile guest from touching what it has not plugged; that is
// seen in the host's own measurement, as with a balloon.
class VirtioMem : public Provisioner {
 public:
  Standing Judge(const Vm& vm, const EngineOptions& options) const override;
  bool Fresh(const Vm& vm) const override { return vm.state == DomainState::kRunning; }
  bool CanTell(const Vm& vm) const override { return vm.state == DomainState::kRunning; }
  void Tell(const Vm& vm, AgentCommands& agents, DomainCommands& domains) const override;
  bool NeedsAgent() const override { return false; }
};

// The report of a VM's devices: what a tier's device could have plugged and has not is its "balloon". `now` (mono)
// tells whether a tier that is to shrink has stood still for so long that it is short; `vm.moved` is brought up to date
// for that.
GuestReport ReadDevices(Vm& vm, const EngineOptions& options, absl::Duration now);

}  // namespace hypertier::control
