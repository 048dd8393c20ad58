// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/words.h"

namespace hypertier::web {

std::string_view WordOf(DomainState state) {
  switch (state) {
    case DomainState::kRunning:
      return "running";
    case DomainState::kPaused:
      return "paused";
    case DomainState::kShutOff:
      return "shut_off";
    case DomainState::kCrashed:
      return "crashed";
    case DomainState::kSuspended:
      return "suspended";
    case DomainState::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view WordOf(control::Management management) {
  switch (management) {
    case control::Management::kManaged:
      return "managed";
    case control::Management::kWaiting:
      return "waiting";
    case control::Management::kUnmanaged:
      break;
  }
  return "unmanaged";
}

std::string_view WordOf(control::LinkState link) {
  switch (link) {
    case control::LinkState::kUp:
      return "up";
    case control::LinkState::kStale:
      return "stale";
    case control::LinkState::kDown:
      break;
  }
  return "down";
}

std::string_view WordOf(control::GuestTierState state) {
  switch (state) {
    case control::GuestTierState::kIdle:
      return "idle";
    case control::GuestTierState::kShrinking:
      return "shrinking";
    case control::GuestTierState::kGrowing:
      return "growing";
    case control::GuestTierState::kShort:
      return "short";
    case control::GuestTierState::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view WordOf(control::EventKind kind) {
  using control::EventKind;
  switch (kind) {
    case EventKind::kAgentConnected:
      return "agent_connected";
    case EventKind::kAgentLost:
      return "agent_lost";
    case EventKind::kLinkReset:
      return "link_reset";
    case EventKind::kTargetsSet:
      return "targets_set";
    case EventKind::kTargetsAdopted:
      return "targets_adopted";
    case EventKind::kOomDeflate:
      return "oom_deflate";
    case EventKind::kShortfall:
      return "shortfall";
    case EventKind::kShortfallEnded:
      return "shortfall_ended";
    case EventKind::kReboot:
      return "reboot";
    case EventKind::kRediscard:
      return "rediscard";
    case EventKind::kViolating:
      return "violating";
    case EventKind::kViolatingEnded:
      return "violating_ended";
    case EventKind::kConfined:
      return "confined";
    case EventKind::kConfinedEnded:
      return "confined_ended";
    case EventKind::kPaused:
      return "paused";
    case EventKind::kDestroyed:
      return "destroyed";
  }
  return "unknown";
}

std::string_view WordOf(policy::Mode mode) {
  return mode == policy::Mode::kAuto ? "auto" : "static";
}

std::string_view WordOf(qos::Compliance compliance) {
  switch (compliance) {
    case qos::Compliance::kCompliant:
      return "compliant";
    case qos::Compliance::kLagging:
      return "lagging";
    case qos::Compliance::kViolating:
      return "violating";
    case qos::Compliance::kConfined:
      return "confined";
  }
  return "unknown";
}

std::string_view WordOf(domain::Provisioner provisioner) {
  return provisioner == domain::Provisioner::kVirtioMem ? "virtio_mem" : "double_balloon";
}

}  // namespace hypertier::web
