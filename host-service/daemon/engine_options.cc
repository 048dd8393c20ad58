// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/engine_options.h"

#include <spdlog/spdlog.h>

#include "common/id_list.h"
#include "common/text.h"
#include "host-service/policy/parse.h"

namespace hypertier::daemon {
namespace {

control::EngineOptions::Qos QosOptionsOf(const Config& config) {
  control::EngineOptions::Qos options;
  options.period = config.qos.period;
  options.default_mode = *policy::ParseMode(config.qos.default_mode);
  options.classes = config.classes;
  if (config.qos.policy == "off") return options;
  options.policy = *qos::MakeBurstPolicy(config.qos.policy);
  options.policy_name = config.qos.policy;
  const absl::StatusOr<PerTier<Bytes>> capacity = FindCapacity(CapacityOptionsOf(config.qos));
  if (capacity.ok()) {
    options.capacity = *capacity;
    spdlog::info("VMs may have {} of fmem and {} of smem; what nobody reserved is lent by the policy {}",
                 FormatBytes(capacity->fmem()), FormatBytes(capacity->smem()), config.qos.policy);
  } else {
    options.off = ToString(capacity.status().message());
    spdlog::info("no targets are planned: {}", options.off);
  }
  return options;
}

control::EngineOptions::Enforcement::Action ActionOf(const std::string& on_violation) {
  using Action = control::EngineOptions::Enforcement::Action;
  if (on_violation == "pause") return Action::kPause;
  return on_violation == "destroy" ? Action::kDestroy : Action::kReport;
}

}  // namespace

CapacityOptions CapacityOptionsOf(const Config::Qos& qos) {
  CapacityOptions options;
  options.reserve = {qos.fmem_reserve, qos.smem_reserve};
  if (qos.fmem_capacity > Bytes()) options.size.fmem() = qos.fmem_capacity;
  if (qos.smem_capacity > Bytes()) options.size.smem() = qos.smem_capacity;
  // They have been checked with the rest of the configuration.
  if (!qos.fmem_nodes.empty()) options.nodes.fmem() = *ParseIdList(qos.fmem_nodes);
  if (!qos.smem_nodes.empty()) options.nodes.smem() = *ParseIdList(qos.smem_nodes);
  return options;
}

control::EngineOptions EngineOptionsOf(const Config& config) {
  control::EngineOptions options;
  options.attach_channel = config.agent.attach_channel;
  options.stale_after = config.agent.stale_after;
  options.resize_timeout = config.resize.timeout;
  options.floors = {config.resize.fmem_floor, config.resize.smem_floor};
  options.slack = config.residency.slack;
  options.qos = QosOptionsOf(config);
  options.overstay_patience = 2 * config.qos.period;
  options.enforcement = {
      .confine = config.qos.confine, .action = ActionOf(config.qos.on_violation), .grace = config.qos.violation_grace};
  return options;
}

}  // namespace hypertier::daemon
