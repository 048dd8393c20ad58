// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "guest-agent/access/perf_kernel.h"

namespace hypertier::agent {

// CPUs that events can be opened on, behind the root.
inline constexpr char kOnlineCpus[] = "/sys/devices/system/cpu/online";

// What can be sampled.
enum class PebsEventKind { kLoads, kStores };

struct PebsEventSpec {
  PebsEventKind kind = PebsEventKind::kLoads;
  std::uint64_t period = 0;
  // Of loads, in cycles.
  std::uint64_t threshold = 0;
  // Bytes in the ring at which perf wakes who waits for it. Set so that there is a watermark at all: without one the
  // kernel interrupts for each record.
  std::uint32_t wakeup = 0;
  // Config of the auxiliary event that leads the group of the loads, where the CPU wants one.
  std::optional<std::uint64_t> leader;
};

// An open event, not yet enabled, and its group's leader if it has one.
struct PebsEvent {
  UniqueFd leader;
  UniqueFd event;

  // What PERF_EVENT_IOC_ENABLE and DISABLE are to be called with.
  int group() const { return leader ? leader.get() : event.get(); }
};

// Opens for one CPU and all processes (pid -1), or for the calling thread on any CPU (pid 0, cpu -1). Codes: NotFound:
// no PMU, or not this event; Unimplemented: no PEBS; PermissionDenied; Internal. Each with the remedy.
absl::StatusOr<PebsEvent> OpenPebsEvent(PerfKernel& kernel, const std::string& root, const PebsEventSpec& spec,
                                        pid_t pid, int cpu);

// Sapphire Rapids and its kin count loads right only if an auxiliary event counts beside them; the kernel tells its
// config in sysfs.
std::optional<std::uint64_t> LoadsLeader(const std::string& root);

}  // namespace hypertier::agent
