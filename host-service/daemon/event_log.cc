// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/event_log.h"

#include <spdlog/spdlog.h>

#include "common/text.h"
#include "host-service/control/now.h"

namespace hypertier::daemon {
namespace {

bool IsWarning(control::EventKind kind) {
  switch (kind) {
    case control::EventKind::kLinkReset:
    case control::EventKind::kOomDeflate:
    case control::EventKind::kShortfall:
    case control::EventKind::kRediscard:
    case control::EventKind::kViolating:
    case control::EventKind::kConfined:
    case control::EventKind::kPaused:
    case control::EventKind::kDestroyed:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool EventLog::Admit(const std::string& key, absl::Duration now) {
  // VMs come and go; those of the past are not kept for ever.
  constexpr std::size_t kMostKeys = 100'000;
  if (minutes_.size() > kMostKeys) minutes_.clear();
  Minute& minute = minutes_[key];
  if (now - minute.begin >= absl::Minutes(1)) minute = {now, 0};
  return ++minute.lines <= kMostPerMinute;
}

void EventLog::Note(const control::Vm& vm, const control::VmEvent& event) {
  if (!Admit(vm.uuid, control::MonoNow())) return;
  spdlog::log(IsWarning(event.kind) ? spdlog::level::warn : spdlog::level::info, "vm {} ({}): {}", vm.name, vm.uuid,
              event.message);
}

void EventLog::Connection(bool connected, const std::string& detail) {
  if (connected) {
    spdlog::info("connected to libvirt: {}", detail);
  } else {
    spdlog::warn("not connected to libvirt: {}", detail);
  }
}

void EventLog::Trouble(const std::string& what, const absl::Status& status) {
  if (!Admit(what, control::MonoNow())) return;
  spdlog::error("{}: {}", what, ToString(status.message()));
}

}  // namespace hypertier::daemon
