// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/convert.h"

#include <fmt/format.h>

#include "common/text.h"

namespace hypertier::api {
namespace {

using control::EventKind;
using control::GuestTierState;
using control::LinkState;
using control::Management;

v1::VmState State(DomainState state) {
  switch (state) {
    case DomainState::kRunning:
      return v1::VM_STATE_RUNNING;
    case DomainState::kPaused:
      return v1::VM_STATE_PAUSED;
    case DomainState::kShutOff:
      return v1::VM_STATE_SHUT_OFF;
    case DomainState::kCrashed:
      return v1::VM_STATE_CRASHED;
    case DomainState::kSuspended:
      return v1::VM_STATE_SUSPENDED;
    case DomainState::kUnknown:
      break;
  }
  return v1::VM_STATE_UNSPECIFIED;
}

v1::Management ManagementOf(Management management) {
  switch (management) {
    case Management::kManaged:
      return v1::MANAGEMENT_MANAGED;
    case Management::kWaiting:
      return v1::MANAGEMENT_WAITING;
    case Management::kUnmanaged:
      return v1::MANAGEMENT_UNMANAGED;
  }
  return v1::MANAGEMENT_UNSPECIFIED;
}

v1::Provisioner ProvisionerOf(std::optional<domain::Provisioner> provisioner) {
  if (!provisioner) return v1::PROVISIONER_UNSPECIFIED;
  switch (*provisioner) {
    case domain::Provisioner::kDoubleBalloon:
      return v1::PROVISIONER_DOUBLE_BALLOON;
    case domain::Provisioner::kVirtioMem:
      return v1::PROVISIONER_VIRTIO_MEM;
  }
  return v1::PROVISIONER_UNSPECIFIED;
}

v1::TierState State(GuestTierState state) {
  switch (state) {
    case GuestTierState::kIdle:
      return v1::TIER_STATE_IDLE;
    case GuestTierState::kShrinking:
      return v1::TIER_STATE_SHRINKING;
    case GuestTierState::kGrowing:
      return v1::TIER_STATE_GROWING;
    case GuestTierState::kShort:
      return v1::TIER_STATE_SHORT;
    case GuestTierState::kUnknown:
      break;
  }
  return v1::TIER_STATE_UNSPECIFIED;
}

v1::Agent::LinkState State(LinkState state) {
  switch (state) {
    case LinkState::kDown:
      return v1::Agent::LINK_STATE_DOWN;
    case LinkState::kUp:
      return v1::Agent::LINK_STATE_UP;
    case LinkState::kStale:
      return v1::Agent::LINK_STATE_STALE;
  }
  return v1::Agent::LINK_STATE_UNSPECIFIED;
}

v1::VmEvent::Kind Kind(EventKind kind) {
  switch (kind) {
    case EventKind::kAgentConnected:
      return v1::VmEvent::KIND_AGENT_CONNECTED;
    case EventKind::kAgentLost:
      return v1::VmEvent::KIND_AGENT_LOST;
    case EventKind::kLinkReset:
      return v1::VmEvent::KIND_LINK_RESET;
    case EventKind::kTargetsSet:
      return v1::VmEvent::KIND_TARGETS_SET;
    case EventKind::kTargetsAdopted:
      return v1::VmEvent::KIND_TARGETS_ADOPTED;
    case EventKind::kOomDeflate:
      return v1::VmEvent::KIND_OOM_DEFLATE;
    case EventKind::kShortfall:
      return v1::VmEvent::KIND_SHORTFALL;
    case EventKind::kShortfallEnded:
      return v1::VmEvent::KIND_SHORTFALL_ENDED;
    case EventKind::kReboot:
      return v1::VmEvent::KIND_REBOOT;
    case EventKind::kRediscard:
      return v1::VmEvent::KIND_REDISCARD;
    case EventKind::kViolating:
      return v1::VmEvent::KIND_VIOLATING;
    case EventKind::kViolatingEnded:
      return v1::VmEvent::KIND_VIOLATING_ENDED;
    case EventKind::kConfined:
      return v1::VmEvent::KIND_CONFINED;
    case EventKind::kConfinedEnded:
      return v1::VmEvent::KIND_CONFINED_ENDED;
    case EventKind::kPaused:
      return v1::VmEvent::KIND_PAUSED;
    case EventKind::kDestroyed:
      return v1::VmEvent::KIND_DESTROYED;
  }
  return v1::VmEvent::KIND_UNSPECIFIED;
}

v1::Operation::State State(OperationRecord::State state) {
  switch (state) {
    case OperationRecord::State::kPending:
      return v1::Operation::STATE_PENDING;
    case OperationRecord::State::kRunning:
      return v1::Operation::STATE_RUNNING;
    case OperationRecord::State::kSucceeded:
      return v1::Operation::STATE_SUCCEEDED;
    case OperationRecord::State::kFailed:
      return v1::Operation::STATE_FAILED;
    case OperationRecord::State::kCancelled:
      return v1::Operation::STATE_CANCELLED;
  }
  return v1::Operation::STATE_UNSPECIFIED;
}

v1::Compliance ComplianceOf(std::optional<qos::Compliance> compliance) {
  if (!compliance) return v1::COMPLIANCE_UNSPECIFIED;
  switch (*compliance) {
    case qos::Compliance::kCompliant:
      return v1::COMPLIANCE_COMPLIANT;
    case qos::Compliance::kLagging:
      return v1::COMPLIANCE_LAGGING;
    case qos::Compliance::kViolating:
      return v1::COMPLIANCE_VIOLATING;
    case qos::Compliance::kConfined:
      return v1::COMPLIANCE_CONFINED;
  }
  return v1::COMPLIANCE_UNSPECIFIED;
}

void ConvertTier(TierId id, const control::TierRecord& record, v1::Tier& tier) {
  tier.set_kind(KindOf(id));
  tier.set_state(State(record.state));
  tier.set_cell_bytes(record.cell.count());
  if (record.target) tier.set_target_bytes(record.target->count());
  if (record.balloon) tier.set_balloon_bytes(record.balloon->count());
  if (record.resident) tier.set_resident_bytes(record.resident->count());
  tier.set_shortfall_bytes(record.shortfall.count());
  tier.set_floor_bytes(record.floor.count());
  tier.set_charged_bytes(record.charged.count());
  if (record.free) tier.set_free_bytes(record.free->count());
  tier.set_reservation_bytes(record.policy.reservation.count());
  tier.set_limit_bytes(record.policy.limit.count());
  tier.set_shares(record.policy.shares);
  tier.set_reason(record.reason);
  tier.set_compliance(ComplianceOf(record.compliance));
  tier.set_displaced_bytes(record.displaced.count());
  tier.set_granularity_bytes(record.granularity.count());
  if (record.pace) tier.set_pace_bytes_per_second(record.pace->count());
}

void ConvertAgent(const control::AgentRecord& record, v1::Agent& agent) {
  agent.set_link_state(State(record.link));
  agent.set_version(record.version);
  agent.set_kernel_release(record.kernel_release);
  agent.set_protocol_version(record.protocol_version);
  for (const std::string& feature : record.features) agent.add_features(feature);
  if (record.last_report != absl::InfinitePast()) ToProto(record.last_report, *agent.mutable_last_report_time());
  agent.set_link_resets(record.link_resets);
  agent.set_transport(record.transport);
  agent.set_oom_deflates(record.oom_deflates.value_or(0));
  agent.set_oom_deflated_bytes(record.oom_deflated.value_or(Bytes()).count());
  agent.set_memory_pressure(record.memory_pressure.value_or(0));
}

void ConvertPlacement(const agent::v1::PlacementReport& report, v1::Placement& placement) {
  placement.set_source(report.source());
  placement.set_source_reason(report.source_reason());
  if (report.has_hit_ratio()) placement.set_hit_ratio(report.hit_ratio());
  placement.set_access_rate(report.access_rate());
  for (const agent::v1::PlacementReport::CurvePoint& point : report.curve()) {
    v1::CurvePoint& to = *placement.add_curve();
    to.set_fmem_bytes(point.fmem_bytes());
    to.set_share(point.share());
  }
  placement.set_hot_set_bytes(report.hot_set_bytes());
  placement.set_ranges(report.ranges());
  placement.set_processes(report.processes());
  placement.set_samples(report.samples());
  placement.set_samples_lost(report.samples_lost());
  placement.set_sample_period(report.sample_period());
  placement.set_exchanged_bytes(report.exchanged_bytes());
  placement.set_promoted_bytes(report.promoted_bytes());
  placement.set_demoted_bytes(report.demoted_bytes());
  placement.set_refused_pages(report.refused_pages());
  placement.set_tlb_flushes(report.tlb_flushes());
  placement.set_sampling_cpu_ns(report.sampling_cpu_ns());
  placement.set_classification_cpu_ns(report.classification_cpu_ns());
  placement.set_migration_cpu_ns(report.migration_cpu_ns());
  placement.set_move_limit_bytes_per_second(report.move_limit());
}

}  // namespace

v1::TierKind KindOf(TierId tier) {
  return tier == TierId::kFmem ? v1::TIER_KIND_FMEM : v1::TIER_KIND_SMEM;
}

void ToProto(absl::Time time, google::protobuf::Timestamp& timestamp) {
  const std::int64_t seconds = absl::ToUnixSeconds(time);
  timestamp.set_seconds(seconds);
  timestamp.set_nanos(static_cast<std::int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

void ToProto(const control::VmRecord& record, v1::Vm& vm) {
  vm.set_name("vms/" + record.uuid);
  vm.set_display_name(record.name);
  vm.set_tenant(record.tenant);
  vm.set_state(State(record.state));
  vm.set_management(ManagementOf(record.management));
  vm.set_reason(record.reason);
  vm.set_provisioner(ProvisionerOf(record.provisioner));
  if (record.tiers) {
    for (const TierId tier : kTiers) ConvertTier(tier, (*record.tiers)[tier], *vm.add_tiers());
  }
  ConvertAgent(record.agent, *vm.mutable_agent());
  if (record.placement != nullptr) ConvertPlacement(*record.placement, *vm.mutable_placement());
  vm.set_policy_mode(record.mode == policy::Mode::kAuto ? v1::POLICY_MODE_AUTO : v1::POLICY_MODE_STATIC);
  for (const std::string& problem : record.policy_problems) vm.add_policy_problems(problem);
  if (!record.operation.empty()) vm.set_operation("operations/" + record.operation);
  if (record.updated != absl::InfinitePast()) ToProto(record.updated, *vm.mutable_update_time());
  for (const control::VmEvent& event : *record.events) {
    v1::VmEvent& shown = *vm.add_events();
    shown.set_kind(Kind(event.kind));
    ToProto(event.time, *shown.mutable_time());
    shown.set_message(event.message);
  }
}

void ToProto(const control::Operation& source, v1::Operation& operation) {
  const OperationRecord& record = source.record;
  // One that was only validated has no id.
  if (!record.id.empty()) operation.set_name("operations/" + record.id);
  operation.set_vm("vms/" + record.uuid);
  operation.set_state(State(record.state));
  for (const TierId tier : kTiers) {
    if (!source.tiers[tier]) continue;
    const control::TierProgress& figures = *source.tiers[tier];
    v1::Operation::TierProgress& progress = *operation.add_tiers();
    progress.set_tier(KindOf(tier));
    progress.set_start_bytes(figures.start.count());
    progress.set_current_bytes(figures.current.count());
    progress.set_target_bytes(figures.target.count());
    progress.set_resident_bytes(figures.resident.count());
    progress.set_shortfall_bytes(figures.shortfall.count());
  }
  ToProto(record.created, *operation.mutable_create_time());
  ToProto(record.updated, *operation.mutable_update_time());
  operation.set_status_message(source.status_message);
  if (!control::Ended(record.state)) return;
  ToProto(record.ended, *operation.mutable_end_time());
  if (record.error.ok()) return;
  operation.mutable_error()->set_code(static_cast<std::int32_t>(record.error.code()));
  operation.mutable_error()->set_message(ToString(record.error.message()));
}

absl::StatusOr<absl::Duration> FromProto(const google::protobuf::Duration& duration, const char* field) {
  constexpr std::int64_t kMostSeconds = 315'576'000'000;
  constexpr std::int32_t kMostNanos = 999'999'999;
  const bool in_range = duration.seconds() >= -kMostSeconds && duration.seconds() <= kMostSeconds &&
                        duration.nanos() >= -kMostNanos && duration.nanos() <= kMostNanos;
  const bool one_sign =
      duration.seconds() == 0 || duration.nanos() == 0 || (duration.seconds() < 0) == (duration.nanos() < 0);
  if (!in_range || !one_sign) {
    return absl::InvalidArgumentError(
        fmt::format("{}: {}s {}ns is not a valid duration", field, duration.seconds(), duration.nanos()));
  }
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

absl::StatusOr<control::ResizeRequest> FromProto(const v1::ResizeVmRequest& request) {
  control::ResizeRequest resize;
  resize.vm = request.name();
  resize.validate_only = request.validate_only();
  if (request.has_timeout()) {
    const auto timeout = FromProto(request.timeout(), "timeout");
    if (!timeout.ok()) return timeout.status();
    resize.timeout = *timeout;
  }
  for (const v1::TierResize& tier : request.tiers()) {
    control::TierChange change;
    if (tier.tier() == v1::TIER_KIND_FMEM) change.tier = TierId::kFmem;
    if (tier.tier() == v1::TIER_KIND_SMEM) change.tier = TierId::kSmem;
    if (tier.has_target_bytes()) change.amount = Bytes(tier.target_bytes());
    if (tier.has_delta_bytes()) change.amount = tier.delta_bytes();
    resize.tiers.push_back(change);
  }
  return resize;
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // The numbers are the same on both sides.
  return {static_cast<grpc::StatusCode>(status.code()), ToString(status.message())};
}

}  // namespace hypertier::api
