// SPDX-License-Identifier: Apache-2.0
//
// For tests with a Controller: a world in which nothing happens.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "host-service/control/effects.h"

namespace hypertier::control {

// Effects that any thread may look at.
class QuietWorld : public AgentCommands, public DomainCommands, public ResidencyCommands {
 public:
  void Open(const std::string&, const std::string&) override {}
  void Close(const std::string&) override {}
  void SetBalloons(const std::string&, const agent::v1::SetBalloons& command) override {
    generation = command.generation();
  }
  void LimitMoves(const std::string&, Bytes) override {}
  void Rediscard(const std::string&) override {}
  void AttachAgentChannel(const std::string&) override {}
  void Pause(const std::string&) override {}
  void Destroy(const std::string&) override {}
  void SetRequested(const std::string&, const PerTier<Bytes>&) override {}
  void Watch(const domain::Description&) override {}
  void Unwatch(const std::string&) override {}
  void Hurry(const std::string&) override {}
  std::atomic<std::uint64_t> generation{0};
};

}  // namespace hypertier::control
