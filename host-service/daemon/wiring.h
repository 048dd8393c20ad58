// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host-service/channel/agent_channel.h"
#include "host-service/control/controller.h"
#include "host-service/control/effects.h"
#include "host-service/libvirt/hypervisor.h"

namespace hypertier::daemon {

// Ties control to the channel and to libvirt: each speaks its own interface, and neither knows the other. The pointers
// are set once, before anything runs.
class Wiring : public control::AgentCommands, public control::DomainCommands, public AgentEvents {
 public:
  control::Controller* controller = nullptr;
  AgentChannel* channel = nullptr;
  Hypervisor* hypervisor = nullptr;

  // What control wants.
  void Open(const std::string& uuid, const std::string& socket_path) override { channel->Open(uuid, socket_path); }
  void Close(const std::string& uuid) override { channel->Close(uuid); }
  void SetBalloons(const std::string& uuid, const agent::v1::SetBalloons& command) override {
    channel->SetBalloons(uuid, command);
  }
  void LimitMoves(const std::string& uuid, Bytes per_second) override { channel->LimitMoves(uuid, per_second); }
  void Rediscard(const std::string& uuid) override { channel->Rediscard(uuid); }
  void AttachAgentChannel(const std::string& uuid) override {
    hypervisor->AttachAgentChannel(uuid,
                                   [this, uuid](const absl::Status& status) { controller->OnAttached(uuid, status); });
  }
  void Pause(const std::string& uuid) override {
    hypervisor->Pause(uuid, [this, uuid](const absl::Status& status) { controller->OnPunished(uuid, true, status); });
  }
  void Destroy(const std::string& uuid) override {
    hypervisor->Destroy(uuid,
                        [this, uuid](const absl::Status& status) { controller->OnPunished(uuid, false, status); });
  }
  void SetRequested(const std::string& uuid, const PerTier<Bytes>& requested) override {
    hypervisor->SetRequested(uuid, requested,
                             [this, uuid](const absl::Status& status) { controller->OnRequested(uuid, status); });
  }

  // What agents say.
  void LinkUp(const std::string& vm, const agent::v1::GuestHello& hello) override { controller->OnLinkUp(vm, hello); }
  void ReportArrived(const std::string& vm, const agent::v1::Report& report, channel::Time) override {
    controller->OnReport(vm, report);
  }
  void CommandFailed(const std::string& vm, std::uint64_t generation, const std::string& reason) override {
    controller->OnCommandFailed(vm, generation, reason);
  }
  void LinkDown(const std::string& vm, const std::string& reason) override { controller->OnLinkDown(vm, reason); }
  void LinkReset(const std::string& vm, const std::string& reason) override { controller->OnLinkReset(vm, reason); }
};

}  // namespace hypertier::daemon
