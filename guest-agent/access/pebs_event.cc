// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/pebs_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "common/text.h"
#include "guest-agent/access/perf_ring.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

// MEM_TRANS_RETIRED.LOAD_LATENCY and MEM_INST_RETIRED.ALL_STORES, as on Ice Lake-SP and later.
constexpr std::uint64_t kLoadLatency = 0x01cd;
constexpr std::uint64_t kAllStores = 0x82d0;
// The data address is that of the instruction that overflowed the counter, or of one right behind it.
constexpr unsigned kPrecise = 2;

absl::Status OpenError(int error, const std::string& root, PebsEventKind kind) {
  const char* what = kind == PebsEventKind::kLoads ? "loads" : "stores";
  switch (error) {
    case EACCES:
    case EPERM: {
      const std::string paranoid = ReadFile(root + "/proc/sys/kernel/perf_event_paranoid", 16).value_or("unknown");
      return absl::PermissionDeniedError(
          fmt::format("perf refuses {} ({}; perf_event_paranoid is {}): run as root or with CAP_PERFMON, and allow "
                      "perf_event_open in the seccomp filter",
                      what, std::strerror(error), Trim(paranoid)));
    }
    case ENOENT:
    case ENODEV:
    case ENXIO:
    case EINVAL:
      return absl::NotFoundError(
          fmt::format("no PMU that knows {} ({}): the VM needs <features><pmu state='on'/> (nova: hw:pmu=true), <cpu "
                      "mode='host-passthrough'/> and an Intel host since Ice Lake-SP",
                      what, std::strerror(error)));
    case EOPNOTSUPP:
      return absl::UnimplementedError(
          fmt::format("the PMU cannot sample {} precisely: no PEBS here; the VM needs <cpu mode='host-passthrough'/> "
                      "on Ice Lake-SP or later, and a host kernel since 6.0",
                      what));
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError("no file descriptors left for perf events: raise LimitNOFILE");
    case EBUSY:
    case ENOSPC:
      return absl::UnavailableError("somebody else has the PMU's counters: stop other profilers");
    default:
      return absl::InternalError(fmt::format("perf_event_open fails ({}): see the kernel log", std::strerror(error)));
  }
}

// "event=0x03,umask=0x82" as the number that perf wants.
std::optional<std::uint64_t> ParseEvent(std::string_view text) {
  std::uint64_t config = 0;
  bool event = false;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view term = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t equals = term.find("=0x");
    if (equals == std::string_view::npos) return std::nullopt;
    unsigned value = 0;
    const char* end = term.data() + term.size();
    const auto parsed = std::from_chars(term.data() + equals + 3, end, value, 16);
    if (parsed.ec != std::errc() || parsed.ptr != end || value > 0xff) return std::nullopt;
    if (term.substr(0, equals) == "event") {
      config |= value;
      event = true;
    } else if (term.substr(0, equals) == "umask") {
      config |= std::uint64_t{value} << 8;
    } else {
      return std::nullopt;
    }
  }
  return event ? std::optional(config) : std::nullopt;
}

perf_event_attr Common() {
  perf_event_attr attr = {};
  attr.type = PERF_TYPE_RAW;
  attr.size = sizeof attr;
  attr.disabled = 1;
  attr.exclude_kernel = 1;
  attr.exclude_hv = 1;
  return attr;
}

}  // namespace

std::optional<std::uint64_t> LoadsLeader(const std::string& root) {
  const auto text = ReadFile(root + "/sys/bus/event_source/devices/cpu/events/mem-loads-aux", 128);
  return text.ok() ? ParseEvent(Trim(*text)) : std::nullopt;
}

absl::StatusOr<PebsEvent> OpenPebsEvent(PerfKernel& kernel, const std::string& root, const PebsEventSpec& spec,
                                        pid_t pid, int cpu) {
  PebsEvent opened;
  if (spec.leader && spec.kind == PebsEventKind::kLoads) {
    perf_event_attr leader = Common();
    leader.config = *spec.leader;
    if (const int error = kernel.Open(leader, pid, cpu, -1, opened.leader); error != 0) {
      return OpenError(error, root, spec.kind);
    }
  }
  perf_event_attr attr = Common();
  // Members of a group follow their leader.
  attr.disabled = opened.leader ? 0 : 1;
  attr.config = spec.kind == PebsEventKind::kLoads ? kLoadLatency : kAllStores;
  attr.config1 = spec.kind == PebsEventKind::kLoads ? spec.threshold : 0;
  attr.sample_period = spec.period;
  attr.sample_type = kPerfSampleType;
  attr.precise_ip = kPrecise;
  attr.watermark = 1;
  attr.wakeup_watermark = spec.wakeup;
  const int error = kernel.Open(attr, pid, cpu, opened.leader ? opened.leader.get() : -1, opened.event);
  if (error != 0) return OpenError(error, root, spec.kind);
  return opened;
}

}  // namespace hypertier::agent
