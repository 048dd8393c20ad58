// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/control/effects.h"
#include "host-service/control/options.h"
#include "host-service/control/standing.h"
#include "host-service/control/vm.h"

namespace hypertier::control {

// How a VM's tiers are made to follow its targets: all in which the provisioners of a domain (domain/describe.h)
// differ, but for the base and granularity that its description says. The engine decides and keeps books the same way
// for both: each tells what a tier holds back, and how far it has come, as a GuestReport. Stateless.
class Provisioner {
 public:
  virtual ~Provisioner() = default;

  // What keeps a running two-tier VM from being driven; managed if nothing does.
  virtual Standing Judge(const Vm& vm, const EngineOptions& options) const = 0;
  // The newest report tells of now.
  virtual bool Fresh(const Vm& vm) const = 0;
  // Targets could be handed over at this moment.
  virtual bool CanTell(const Vm& vm) const = 0;
  // Hands over the targets in force.
  virtual void Tell(const Vm& vm, AgentCommands& agents, DomainCommands& domains) const = 0;
  // It works through the guest's agent, so that a channel to it is needed.
  virtual bool NeedsAgent() const = 0;
};

// The one of a two-tier VM.
const Provisioner& ProvisionerOf(const Vm& vm);

}  // namespace hypertier::control
