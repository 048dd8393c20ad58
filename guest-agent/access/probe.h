// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guest-agent/access/perf_kernel.h"

namespace hypertier::agent {

enum class PebsVerdict {
  kGood,
  kNoPmu,
  kNoPebs,
  kNoPermission,
  kNoSamples,
  // The records carry no data addresses: the host hides adaptive PEBS.
  kNoAddresses,
  // They carry addresses that were not accessed.
  kWrongAddresses,
  kOtherError,
};

// "no data addresses" and so on.
const char* PebsVerdictName(PebsVerdict verdict);

// One line of what `hypertier-agent probe` prints.
struct PebsCheck {
  // "loads", "stores", "all processes".
  std::string what;
  PebsVerdict verdict = PebsVerdict::kOtherError;
  // What was found, and what to do about it (empty if good).
  std::string finding;
  std::string remedy;
  std::uint64_t records = 0;
  std::uint64_t in_buffer = 0;
  std::uint64_t without_address = 0;
};

struct PebsProbe {
  // In the order above; those after the loads are left out when the loads fail.
  std::vector<PebsCheck> checks;

  // Whether loads and all processes can be sampled: stores are optional.
  bool good() const;
  // In one line, for logs and metrics.
  std::string Summary() const;
};

// Makes accesses to 8 MiB of its own memory, in an order that no cache and no prefetcher foresees, under events of the
// calling thread, and looks whether the records tell of them. Takes a few milliseconds on hardware. The published way
// of asking the PMU for its capabilities is not enough: hosts offer PEBS whose records have no addresses.
PebsProbe ProbePebs(PerfKernel& kernel, const std::string& root);

}  // namespace hypertier::agent
