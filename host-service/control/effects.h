// SPDX-License-Identifier: Apache-2.0
//
// What the engine can do to the world. Each call returns at once; results come back as Engine::Handle... calls.
#pragma once

#include <string>

#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/domain/describe.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::control {

// The links to the agents.
class AgentCommands {
 public:
  virtual ~AgentCommands() = default;
  // Begins (or begins anew) to keep a link on this socket up.
  virtual void Open(const std::string& uuid, const std::string& socket_path) = 0;
  virtual void Close(const std::string& uuid) = 0;
  // The newest is what counts; lost without notice when the link is not up.
  virtual void SetBalloons(const std::string& uuid, const agent::v1::SetBalloons& command) = 0;
  // Likewise; 0: the agent's own limit.
  virtual void LimitMoves(const std::string& uuid, Bytes per_second) = 0;
  virtual void Rediscard(const std::string& uuid) = 0;
};

// The hypervisor.
class DomainCommands {
 public:
  virtual ~DomainCommands() = default;
  // Ends in Engine::HandleAttached.
  virtual void AttachAgentChannel(const std::string& uuid) = 0;
  // Stops the VM's processors, or pulls its plug; ends in Engine::HandlePunished.
  virtual void Pause(const std::string& uuid) = 0;
  virtual void Destroy(const std::string& uuid) = 0;
  // Of the VM's virtio-mem devices. Ends in Engine::HandleRequested, and in HandleDomain if it has succeeded.
  virtual void SetRequested(const std::string& uuid, const PerTier<Bytes>& requested) = 0;
};

// What keeps a VM to its FMEM without its help.
class ConfinementCommands {
 public:
  virtual ~ConfinementCommands() = default;
  // One step, as Confiner::Confine; ends in Engine::HandleConfined. One at a time for each VM.
  virtual void Confine(const domain::Description& domain, Bytes most, Bytes at_most) = 0;
};

// The residency measurements.
class ResidencyCommands {
 public:
  virtual ~ResidencyCommands() = default;
  // Measure this VM every period; again with a changed description: measure that from now on.
  virtual void Watch(const domain::Description& domain) = 0;
  virtual void Unwatch(const std::string& uuid) = 0;
  // Measure it now rather than at the end of the period.
  virtual void Hurry(const std::string& uuid) = 0;
};

}  // namespace hypertier::control
