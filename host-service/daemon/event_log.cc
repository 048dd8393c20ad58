// SPDX-License-Identifier: Apache-2.0
#include "host-service/daemon/event_log.h"

#include <fmt/format.h>

#include "common/bytes.h"
#include "common/text.h"
#include "host-service/control/now.h"
#include "host-service/control/operations.h"
#include "host-service/control/words.h"
#include "host-service/daemon/log.h"

namespace hypertier::daemon {
namespace {

using spdlog::level::level_enum;

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

// What a guest can cause as often as it likes.
bool IsOfGuest(control::EventKind kind) {
  switch (kind) {
    case control::EventKind::kAgentConnected:
    case control::EventKind::kAgentLost:
    case control::EventKind::kLinkReset:
    case control::EventKind::kTargetsAdopted:
    case control::EventKind::kOomDeflate:
    case control::EventKind::kShortfall:
    case control::EventKind::kShortfallEnded:
    case control::EventKind::kReboot:
    case control::EventKind::kRediscard:
      return true;
    default:
      return false;
  }
}

// What its host or its operator does to a VM has lines of its own, which its guest cannot use up.
std::string HostsKey(const std::string& uuid) {
  return uuid + "/host";
}

LogFields About(const control::Vm& vm) {
  LogFields fields;
  fields.vm = vm.uuid;
  fields.vm_name = vm.name;
  fields.tenant = vm.tenant;
  fields.operation = vm.operation;
  return fields;
}

// "fmem 4 GiB, smem 8 GiB".
std::string TargetsOf(const OperationRecord& operation) {
  std::string text;
  for (const TierId tier : kTiers) {
    if (!operation.targets[tier]) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", TierName(tier), FormatBytes(*operation.targets[tier]));
  }
  return text;
}

}  // namespace

EventLog::Admission EventLog::Admit(const std::string& key, absl::Duration now) {
  // VMs come and go; those of the past are not kept for ever.
  constexpr std::size_t kMostKeys = 100'000;
  if (minutes_.size() > kMostKeys) minutes_.clear();
  Minute& minute = minutes_[key];
  Admission admission;
  if (now - minute.begin >= absl::Minutes(1)) {
    if (minute.lines > kMostPerMinute) admission.left_out = minute.lines - kMostPerMinute;
    minute = {now, 0};
  }
  ++minute.lines;
  admission.write = minute.lines <= kMostPerMinute;
  admission.full = minute.lines == kMostPerMinute + 1;
  return admission;
}

bool EventLog::Admit(const std::string& key, const LogFields& fields) {
  const Admission admission = Admit(key, control::MonoNow());
  if (!admission.full && admission.left_out == 0) return admission.write;
  LogFields about = fields;
  about.event = "log_limited";
  if (admission.left_out > 0) {
    Log(level_enum::warn, about, fmt::format("{} more lines about it were left out", admission.left_out));
  } else {
    Log(level_enum::warn, about,
        fmt::format("more than {} lines in a minute: those that follow in it are left out", kMostPerMinute));
  }
  return admission.write;
}

void EventLog::Note(const control::Vm& vm, const control::VmEvent& event) {
  LogFields fields = About(vm);
  if (!Admit(IsOfGuest(event.kind) ? vm.uuid : HostsKey(vm.uuid), fields)) return;
  fields.event = control::WordOf(event.kind);
  if (event.tier) fields.tier = TierName(*event.tier);
  Log(IsWarning(event.kind) ? level_enum::warn : level_enum::info, fields, event.message);
}

void EventLog::Operation(const control::Vm* vm, const OperationRecord& operation) {
  LogFields fields;
  if (vm != nullptr) fields = About(*vm);
  fields.vm = operation.uuid;
  fields.operation = operation.id;
  if (!Admit(HostsKey(operation.uuid), fields)) return;
  // Of one of both tiers, if of one only.
  if (!operation.targets.fmem() || !operation.targets.smem()) {
    fields.tier = TierName(operation.targets.fmem() ? TierId::kFmem : TierId::kSmem);
  }
  if (!control::Ended(operation.state)) {
    fields.event = "operation_accepted";
    Log(level_enum::info, fields, fmt::format("operations/{} accepted: {}", operation.id, TargetsOf(operation)));
    return;
  }
  fields.event = fmt::format("operation_{}", control::OperationStateName(operation.state));
  const bool failed = operation.state == OperationRecord::State::kFailed;
  Log(failed ? level_enum::warn : level_enum::info, fields,
      fmt::format("operations/{} {} after {:.1f} s: {}", operation.id, control::OperationStateName(operation.state),
                  absl::ToDoubleSeconds(operation.ended - operation.created),
                  failed ? ToString(operation.error.message()) : TargetsOf(operation)));
}

void EventLog::Connection(bool connected, const std::string& detail) {
  LogFields fields;
  fields.event = connected ? "libvirt_connected" : "libvirt_lost";
  if (connected) {
    Log(level_enum::info, fields, fmt::format("connected to libvirt: {}", detail));
  } else {
    Log(level_enum::warn, fields, fmt::format("not connected to libvirt: {}", detail));
  }
}

void EventLog::Trouble(const control::Vm* vm, const std::string& what, const absl::Status& status) {
  LogFields fields;
  if (vm != nullptr) fields = About(*vm);
  fields.event = "trouble";
  if (Admit(what, fields)) Log(level_enum::err, fields, fmt::format("{}: {}", what, ToString(status.message())));
}

}  // namespace hypertier::daemon
