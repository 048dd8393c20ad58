// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/double_balloon.h"

#include <fmt/format.h>

namespace hypertier::control {
namespace {

Standing WithoutChannel(const Vm& vm, const EngineOptions& options) {
  if (vm.description->has_agent_channel) {
    return Waiting(fmt::format(
        "libvirt names no socket for {}: it is still starting, or the channel is not type='unix'", domain::kAgentPort));
  }
  if (!options.attach_channel) {
    return Waiting(fmt::format(
        "the domain has no channel {} and agent.attach_channel is off; add it (tierctl domain-xml writes it)",
        domain::kAgentPort));
  }
  if (!vm.attach.error.empty()) {
    return Waiting(fmt::format("the channel {} could not be attached and will be tried again: {}", domain::kAgentPort,
                               vm.attach.error));
  }
  return Waiting(fmt::format("attaching the channel {}", domain::kAgentPort));
}

Standing LinkIsDown(const Vm& vm) {
  const std::string& reason = vm.link.down_reason;
  if (reason.empty() || reason.starts_with("no agent answers")) {
    return Waiting(
        fmt::format("no agent answers on {}: install and start hypertier-agent in the guest", domain::kAgentPort));
  }
  return Waiting(fmt::format("the agent's link on {} is down: {}", domain::kAgentPort, reason));
}

}  // namespace

Standing DoubleBalloon::Judge(const Vm& vm, const EngineOptions& options) const {
  if (vm.link.socket.empty()) return WithoutChannel(vm, options);
  if (vm.link.state == LinkState::kDown) return LinkIsDown(vm);
  if (!vm.link.balloons) {
    const std::string& why = vm.link.balloons_unavailable;
    return Unmanaged(fmt::format("the guest has no tier balloons: {}",
                                 why.empty() ? "its agent does not say why; load hyperflex in the guest" : why));
  }
  if (vm.link.state == LinkState::kStale) {
    return Waiting(fmt::format("no report from the agent for more than {}; its last targets stay in force",
                               absl::FormatDuration(options.stale_after)));
  }
  // A report from before this session says nothing about who is there now.
  if (!vm.link.report || vm.link.last_report_mono < vm.link.up_since)
    return Waiting("the agent has answered; waiting for its first report");
  if (vm.link.report->broken) {
    return Unmanaged(
        "hyperflex has given up on its balloon device and its balloons are frozen; see the guest's kernel log");
  }
  for (const TierId tier : kTiers) {
    if (!vm.link.report->tiers[tier]) {
      return Waiting(fmt::format("the guest reports no {} tier: it must see the domain's NUMA cells as nodes 0 and 1",
                                 TierName(tier)));
    }
  }
  return {Management::kManaged, ""};
}

void DoubleBalloon::Tell(const Vm& vm, AgentCommands& agents, DomainCommands&) const {
  const PerTier<Bytes> balloons = BalloonsFor(vm.cells(), vm.targets->bytes);
  agent::v1::SetBalloons command;
  command.set_generation(vm.targets->generation);
  command.set_fmem_balloon_bytes(balloons.fmem().count());
  command.set_smem_balloon_bytes(balloons.smem().count());
  agents.SetBalloons(vm.uuid, command);
}

}  // namespace hypertier::control
