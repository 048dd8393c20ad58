// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/words.h"

namespace hypertier::control {

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

std::string_view WordOf(Management management) {
  switch (management) {
    case Management::kManaged:
      return "managed";
    case Management::kWaiting:
      return "waiting";
    case Management::kUnmanaged:
      break;
  }
  return "unmanaged";
}

std::string_view WordOf(LinkState link) {
  switch (link) {
    case LinkState::kUp:
      return "up";
    case LinkState::kStale:
      return "stale";
    case LinkState::kDown:
      break;
  }
  return "down";
}

std::string_view WordOf(GuestTierState state) {
  switch (state) {
    case GuestTierState::kIdle:
      return "idle";
    case GuestTierState::kShrinking:
      return "shrinking";
    case GuestTierState::kGrowing:
      return "growing";
    case GuestTierState::kShort:
      return "short";
    case GuestTierState::kUnknown:
      break;
  }
  return "unknown";
}

std::string_view WordOf(EventKind kind) {
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

}  // namespace hypertier::control
