// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "guest-agent/ranges/decay.h"
#include "guest-agent/ranges/process_table.h"
#include "guest-agent/ranges/range.h"
#include "guest-agent/ranges/residency.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// Between two ranges of one area: it can be removed.
struct Boundary {
  // Accesses a second that are in the wrong place if both are one (Contrast).
  double loss = 0;
  ProcessId process;
  // Where the right one starts.
  Address at = 0;

  // Cheapest first; the rest only makes the order total.
  friend auto operator<=>(const Boundary&, const Boundary&) = default;
};

// The ranges of all processes, never more than the budget, covering each process's areas chunk by chunk, and the
// residency of what they cover. Keeps the geometry right; what to split and to join is decided elsewhere.
class RangeSet {
 public:
  // What became of a batch of samples.
  struct Recorded {
    std::uint64_t counted = 0;
    // Of a process that is not known.
    std::uint64_t unknown_process = 0;
    // Outside the areas of its process.
    std::uint64_t outside = 0;
  };

  RangeSet(std::size_t budget, std::size_t max_residency_blocks, Seconds half_life);

  std::size_t size() const { return pool_.size() - free_.size(); }
  std::size_t room() const { return free_.size(); }
  std::size_t budget() const { return pool_.size(); }
  const ProcessTable& processes() const { return processes_; }
  const Residency& residency() const { return residency_; }
  const Decay& decay() const { return decay_; }

  // Moves time on; everything else happens at the time that was set last.
  void Advance(Time now);

  // Ranges and residency follow the new areas: what stays keeps its statistics, what is new starts without. Makes the
  // process if need be. The areas of all processes together must be at most the budget.
  void SetAreas(ProcessId process, std::vector<Area> areas);
  void Remove(ProcessId process);

  // Adds each sample's weight to its bin.
  Recorded Record(std::span<const Sample> samples);

  // False: there was no room to keep it, or no range covers the chunk.
  bool SetResidency(ProcessId process, Address chunk, PerTier<std::uint32_t> pages);

  // nullptr: no range covers the address.
  Range* Find(ProcessId process, Address address);

  // Cuts the range that starts at `start` before each of `bins` (rising, between 1 and BinsUsed() - 1). There must be
  // room for as many more ranges. The parts count as born at `born`.
  void Split(ProcessId process, Address start, std::span<const unsigned> bins, Time born);

  // Joins the ranges at each of these, in any order; they must exist.
  void Join(std::vector<Boundary> boundaries);

  // All that could be removed, in order of process and address.
  std::vector<Boundary> Boundaries() const;

  // Calls `visit(Range&)` for each, in order of process and address.
  template <typename Visit>
  void ForEach(Visit visit) {
    for (const Process& process : processes_.all()) {
      for (const std::uint32_t slot : process.slots) visit(pool_[slot]);
    }
  }
  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const Process& process : processes_.all()) {
      for (const std::uint32_t slot : process.slots) visit(pool_[slot]);
    }
  }

  // Likewise for those of `process` that overlap [start, end).
  template <typename Visit>
  void ForEachIn(ProcessId process, Address start, Address end, Visit visit) {
    const Process* found = processes_.Find(process);
    if (found == nullptr) return;
    const auto after = std::upper_bound(found->starts.begin(), found->starts.end(), start) - found->starts.begin();
    for (std::size_t i = after > 0 ? after - 1 : 0; i < found->slots.size() && found->starts[i] < end; ++i) {
      if (Range& range = pool_[found->slots[i]]; range.end > start) visit(range);
    }
  }

  // Checks every promise that this class makes; for tests. Internal says which is broken.
  absl::Status Verify() const;

 private:
  Range* FindIn(const Process& process, Address address);
  void ScaleDown(int halvings);
  Boundary BoundaryOf(const Range& left, const Range& right) const;
  void Recount(Range& range) const;
  std::vector<Range> Recut(const Process& process, std::span<const Area> areas) const;
  void Place(Process& process, std::span<const Range> ranges);
  void Release(Process& process);

  std::vector<Range> pool_;
  std::vector<std::uint32_t> free_;
  ProcessTable processes_;
  Residency residency_;
  Decay decay_;
};

}  // namespace hypertier::ranges
