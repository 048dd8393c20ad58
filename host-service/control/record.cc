// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/record.h"

#include "host-service/control/charge.h"
#include "host-service/control/commitment.h"
#include "host-service/control/provisioner.h"
#include "host-service/control/resize_check.h"
#include "host-service/control/standing.h"

namespace hypertier::control {
namespace {

TierRecord MakeTier(const Vm& vm, TierId tier, const EngineOptions& options) {
  TierRecord record;
  record.cell = vm.cells()[tier];
  record.floor = FloorOf(vm, tier, options);
  record.charged = ChargedOf(vm, tier);
  if (tier == TierId::kFmem) record.displaced = DisplacedOf(vm);
  record.committed = CommittedOf(vm, tier, options);
  record.policy = vm.promise.tiers[tier];
  record.reason = vm.reasons[tier];
  record.compliance = vm.compliance[tier];
  record.granularity = vm.description->Granularity(tier);
  record.pace = vm.pace[tier].per_second();
  if (vm.targets) record.target = vm.targets->bytes[tier];
  if (vm.targets) record.missing = vm.claims[tier] - vm.targets->bytes[tier];
  if (vm.residency.bytes) record.resident = (*vm.residency.bytes)[tier];
  if (!vm.Reports(tier)) return record;
  const GuestTier& guest = *vm.link.report->tiers[tier];
  record.balloon = guest.balloon;
  record.shortfall = guest.shortfall;
  // These change without us while nobody reports; the balloon does not, short of an emergency.
  if (ProvisionerOf(vm).Fresh(vm)) {
    record.state = guest.state;
    record.free = guest.free;
  }
  return record;
}

AgentRecord MakeAgent(const Vm& vm) {
  const VmLink& link = vm.link;
  AgentRecord record{.link = link.state,
                     .version = link.agent_version,
                     .kernel_release = link.kernel_release,
                     .protocol_version = link.protocol_version,
                     .features = link.features,
                     .last_report = link.last_report_wall,
                     .link_resets = link.resets,
                     .transport = {},
                     .oom_deflates = {},
                     .oom_deflated = {},
                     .memory_pressure = {},
                     .implausible_figures = link.implausible_figures};
  if (link.report) {
    record.transport = link.report->transport;
    record.oom_deflates = link.report->oom_deflates;
    record.oom_deflated = link.report->oom_deflated;
    if (link.state == LinkState::kUp) record.memory_pressure = link.report->pressure;
  }
  return record;
}

}  // namespace

VmRecord MakeRecord(const Vm& vm, const EngineOptions& options) {
  Standing standing = StandingOf(vm, options);
  VmRecord record;
  record.uuid = vm.uuid;
  record.name = vm.name;
  record.tenant = vm.tenant;
  record.state = vm.state;
  record.management = standing.management;
  record.reason = std::move(standing.reason);
  if (vm.TwoTier()) {
    record.provisioner = vm.description->provisioner();
    record.tiers.emplace(MakeTier(vm, TierId::kFmem, options), MakeTier(vm, TierId::kSmem, options));
  }
  record.agent = MakeAgent(vm);
  if (vm.link.state == LinkState::kUp) record.placement = vm.link.placement;
  record.mode = vm.promise.mode;
  record.policy_problems = vm.promise.problems;
  record.operation = vm.operation;
  record.events = vm.events;
  return record;
}

bool SameButForTimes(const VmRecord& a, const VmRecord& b) {
  AgentRecord agent = a.agent;
  agent.last_report = b.agent.last_report;
  return a.uuid == b.uuid && a.name == b.name && a.tenant == b.tenant && a.state == b.state &&
         a.management == b.management && a.reason == b.reason && a.tiers == b.tiers && agent == b.agent &&
         (a.placement == nullptr) == (b.placement == nullptr) && a.operation == b.operation && a.mode == b.mode &&
         a.provisioner == b.provisioner && a.policy_problems == b.policy_problems && a.events == b.events;
}

}  // namespace hypertier::control
