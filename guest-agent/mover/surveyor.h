// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "guest-agent/hyperplace/device.h"
#include "guest-agent/mover/migrate.h"
#include "guest-agent/ranges/classifier.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/system/cpu_budget.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

struct SurveyorOptions {
  // A fifth of what all of placement may use. 32 MiB of small pages take the module about 0.2 ms, so a second of this
  // looks at 160 MiB, and at much more in huge pages.
  double share_of_cpu = 0.001;
  // Credit for the start and for new programs: some 80 GiB of small pages.
  std::chrono::milliseconds burst{500};
  // Of CPU time, at most, in one call.
  std::chrono::milliseconds longest_call{50};
  // For tests.
  std::function<std::chrono::nanoseconds()> cpu_clock = ThreadCpuTime;
};

// Measures what is resident where a plan asks for it: with the module by looking at page tables, without it by asking
// move_pages(2) for each page's node, which takes ten times as long and so goes ten times as slowly. One thread.
class Surveyor {
 public:
  struct Stats {
    // Spans measured, and those left for later since the share of CPU was used up.
    std::uint64_t surveyed = 0;
    std::uint64_t held_back = 0;
    std::uint64_t failed = 0;
    std::chrono::nanoseconds cpu{0};
  };

  // The first two must outlive this.
  Surveyor(Hyperplace& module, Migrator& migrator, SurveyorOptions options = {});

  // Nothing is done before this is known, or while both are the same or negative.
  void SetNodes(const PerTier<int>& nodes) { nodes_ = nodes; }

  // Carries out as many from the front as the share of CPU allows. What the classifier asks for is clipped to the
  // mappings.
  void Carry(ranges::Time now, std::span<const ranges::Survey> surveys, const TargetTable& targets,
             ranges::Classifier& classifier);

  // Processes that could not be found any more, since the last call.
  std::vector<pid_t> TakeGone() { return std::exchange(gone_, {}); }

  const Stats& stats() const { return stats_; }

 private:
  using Chunks = std::vector<ranges::ChunkResidency>;

  bool CanScan();
  // What there is in `span`, which lies inside one mapping, is appended to `chunks`. NotFound: no such process.
  absl::Status Measure(const Target& target, ranges::AddressSpan span, Chunks& chunks);
  absl::Status Scan(const Target& target, ranges::AddressSpan span, Chunks& chunks);
  absl::Status Query(const Target& target, ranges::AddressSpan span, Chunks& chunks);
  absl::Status MeasureMapped(const Target& target, ranges::AddressSpan span, Chunks& chunks);

  Hyperplace& module_;
  Migrator& migrator_;
  const SurveyorOptions options_;
  PerTier<int> nodes_{Migrator::kNoNode, Migrator::kNoNode};
  CpuBudget budget_;
  bool can_scan_ = false;
  std::vector<hyperplace_chunk> buffer_;
  std::vector<pid_t> gone_;
  Stats stats_;
};

}  // namespace hypertier::agent
