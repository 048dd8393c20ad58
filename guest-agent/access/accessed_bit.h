// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "guest-agent/access/chunk_rates.h"
#include "guest-agent/access/scan_clock.h"
#include "guest-agent/access/source.h"
#include "guest-agent/access/window.h"
#include "guest-agent/access/young_rate.h"
#include "guest-agent/hyperplace/device.h"
#include "guest-agent/system/cpu_budget.h"

namespace hypertier::agent {

// Reads and clears the accessed bits of the page tables through /dev/hyperplace: works on any CPU and any host.
//
// A sweep goes through the mappings of all targets, a slice at a time. Pass A reads and clears a slice's bits. Where at
// most three fifths of a chunk's bits were set since they were last cleared, seconds ago, that says how often it is
// accessed; so memory that is cold costs one look. Where more were, the chunk is looked at again after a short window
// (pass B): of its own length for base pages and for 2 MiB pages, whose one bit is set 512 times sooner. What was found
// becomes samples (ChunkRates).
//
// A processor sets a bit when it loads a translation, so pass A flushes the process's TLB, once a call, where the
// kernel lets the module do so; otherwise a page in constant use looks idle while its translation stays.
//
// Cost: CPU time of passes is measured, and the next slice waits until the share of CPU has grown back. Credit saved up
// makes the first seconds quicker. A call of Poll works for a few milliseconds at most.
class AccessedBit final : public AccessSource {
 public:
  // `device` and `clock` stay as long as this.
  AccessedBit(Hyperplace& device, ScanClock& clock, double share_of_cpu);

  // Whether it would work, and if not why, with the remedy: asks the module what it can do, and scans a page of the
  // agent's own.
  static absl::Status Probe(Hyperplace& device);

  std::string_view name() const override { return "accessed-bit"; }
  void Poll(ranges::Time now, const TargetTable& targets, std::vector<ranges::Sample>& samples) override;
  ranges::Time NextDeadline() const override;
  void SetBudget(double share_of_cpu) override { budget_.SetShare(share_of_cpu); }
  AccessStats stats() const override { return stats_; }

  // For tests and logs.
  std::chrono::nanoseconds window() const { return base_window_.length(); }
  std::size_t chunks() const { return rates_.size(); }

 private:
  // What a sweep has still to do.
  struct Job {
    ranges::ProcessId process;
    hyperplace_process who;
    ranges::AddressSpan span;
  };
  // Chunks of one kind that pass B is to look at, since pass A has cleared their bits at `cleared`.
  struct Again {
    Job job;
    bool huge = false;
    ranges::Time cleared;
    ranges::Time due;
    // What `due` was made of; the window may have been learnt better since.
    std::chrono::nanoseconds window;
  };

  void StartSweep(ranges::Time now, const TargetTable& targets);
  void EndSweep(ranges::Time now);
  // Pass A of the next slice.
  void Clear(const TargetTable& targets);
  void Judge(const Job& job, const hyperplace_chunk& chunk, ranges::Time now);
  // Pass B of what is due at `now`, or the beginning of it.
  void LookAgain(ranges::Time now, const TargetTable& targets);
  void LookAgainAt(const Again& again);
  // The next step, of what is due at `now`. False: nothing is.
  bool Step(ranges::Time now, bool affordable, const TargetTable& targets);
  // One call. Nothing: the process has gone, or the like.
  std::optional<ranges::Address> Scan(const Job& job, ranges::Address start, std::size_t most, bool flush);
  bool Working() const { return job_ < jobs_.size(); }

  Hyperplace& device_;
  ScanClock& clock_;
  CpuBudget budget_;
  bool flushes_ = false;
  bool asked_ = false;

  std::vector<Job> jobs_;
  std::size_t job_ = 0;
  ranges::Address at_ = 0;
  ranges::Time sweep_started_ = ranges::Time::min();
  ranges::Time sweep_due_ = ranges::Time::min();
  // How long the last one took, or what is to be expected.
  ranges::Seconds sweep_{1.0};

  std::vector<Again> again_;
  // The first of these; max() if there is none.
  ranges::Time again_due_ = ranges::Time::max();
  // What they will cost, about.
  std::chrono::nanoseconds committed_{0};
  Window base_window_{std::chrono::milliseconds(32)};
  Window huge_window_{Window::kLeast};

  // So many chunks take about kMostSlice.
  std::size_t slice_ = 16;
  ChunkRates rates_;
  ranges::Time emit_due_ = ranges::Time::min();
  std::vector<hyperplace_chunk> buffer_;
  std::vector<hyperplace_chunk> found_;
  std::vector<ranges::Address> starts_;
  AccessStats stats_;
};

}  // namespace hypertier::agent
