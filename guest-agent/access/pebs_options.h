// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "common/bytes.h"

namespace hypertier::agent {

// Every knob of the source "pebs", with its default, unit and reason.
struct PebsOptions {
  // Loads between two samples, of those that take `load_latency` or longer. The published default, a prime. The period
  // in force is this times a power of two, as the CPU budget allows (PeriodControl).
  std::uint64_t load_period = 4093;

  // Stores between two samples; 0: none. There is no latency threshold for stores: the event counts them all, of which
  // few miss the caches, and those that hit the first one are sorted out of the records. The largest prime below 2^16
  // keeps them in the minority, where at 4093 they would outnumber those of the loads by an order of magnitude.
  std::uint64_t store_period = 65521;

  // Loads that take less are not counted: what the caches serve costs the same in either tier. The hardware's unit is
  // core cycles; see LoadLatencyCycles.
  std::chrono::nanoseconds load_latency{64};

  // Ring of one CPU: 2,048 records. Halved until those of all CPUs together fit `rings`, but never below a page.
  Bytes ring = Bytes::KiB(64);
  Bytes rings = Bytes::MiB(4);

  // What a record costs the kernel until it is in the ring. 0: three times what a system call without any work takes on
  // this machine, measured at the start: about 300 ns on hardware, and in proportion where everything is slower.
  std::chrono::nanoseconds record_cost{0};
};

// InvalidArgument names the option that makes no sense, and what it may be.
absl::Status Validate(const PebsOptions& options);

// Threshold of the load latency event: `latency` in cycles at the nominal frequency in `root`/proc/cpuinfo (in a guest
// that is the TSC's; the core's own, which the hardware counts, differs by the turbo's factor, at most 1.5 or so), or
// at 3 GHz where that is not known or no plausible one (below 1.5 GHz: an emulator's). From 3, the least that hardware
// takes, to 65535.
std::uint64_t LoadLatencyCycles(const std::string& root, std::chrono::nanoseconds latency);

}  // namespace hypertier::agent
