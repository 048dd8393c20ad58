// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/provisioner.h"

namespace hypertier::control {

// hyperflex in the guest, told and reported by the agent over its channel.
class DoubleBalloon : public Provisioner {
 public:
  Standing Judge(const Vm& vm, const EngineOptions& options) const override;
  bool Fresh(const Vm& vm) const override { return vm.link.state == LinkState::kUp; }
  bool CanTell(const Vm& vm) const override { return vm.link.state != LinkState::kDown && vm.link.balloons; }
  void Tell(const Vm& vm, AgentCommands& agents, DomainCommands& domains) const override;
  bool NeedsAgent() const override { return true; }
};

}  // namespace hypertier::control
