// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "guest-agent/access/pebs_options.h"
#include "guest-agent/access/perf_kernel.h"
#include "guest-agent/access/probe.h"
#include "guest-agent/access/source.h"
#include "guest-agent/hyperplace/device.h"

namespace hypertier::agent {

struct SourceOptions {
  // Before every path that is read; "" in production.
  std::string root;
  // "auto": pebs, else accessed-bit, else none. "pebs", "accessed-bit": this one or none. "replay:FILE". "none".
  std::string source = "auto";
  PebsOptions pebs;
};

// What became of one source.
struct SourceTried {
  std::string name;
  bool works = false;
  // Why it works or not, and what to do about it. At most kMaxReason printable bytes.
  std::string reason;
};

// Longest reason: what metrics and `tierctl get` take.
inline constexpr std::size_t kMaxReason = 256;

struct ChosenSource {
  // Null: none works.
  std::unique_ptr<AccessSource> source;
  // Why this one, or why none. At most kMaxReason printable bytes.
  std::string reason;
  // In the order in which they were tried.
  std::vector<SourceTried> tried;
};

// Probes sources, and opens the first that works, which may use this share of a CPU until SetBudget says otherwise.
// InvalidArgument: options.source is none of the above, or an option
// makes no sense. `device` and `kernel` stay as long as the source.
absl::StatusOr<ChosenSource> ChooseSource(const SourceOptions& options, double share_of_cpu, Hyperplace& device,
                                          PerfKernel& kernel = SystemPerfKernel());

// Everything that could be chosen, opened or not: what `hypertier-agent probe` prints.
struct SourceProbe {
  PebsProbe pebs;
  SourceTried accessed_bit;
};
SourceProbe ProbeSources(const SourceOptions& options, Hyperplace& device, PerfKernel& kernel = SystemPerfKernel());

}  // namespace hypertier::agent
