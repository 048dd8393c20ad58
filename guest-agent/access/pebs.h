// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "guest-agent/access/pebs_event.h"
#include "guest-agent/access/pebs_options.h"
#include "guest-agent/access/perf_ring.h"
#include "guest-agent/access/period_control.h"
#include "guest-agent/access/source.h"

namespace hypertier::agent {

// Samples with the processor's own PEBS, through perf: one event a CPU for the loads and one for the stores of all
// processes, which share a ring. The kernel drains the PEBS buffer when it switches tasks, without interrupts; we look
// into the rings now and then. Everything is given back when it is destroyed.
//
// CPUs that come and go are followed every few seconds. One that goes and comes back in between stays silent until it
// has been seen offline once.
class Pebs final : public AccessSource {
 public:
  // Opens events on all CPUs that are online, of the kernel `kernel`, which stays as long as this. An error when none
  // can be opened; a PMU without the event for stores is used for loads alone.
  static absl::StatusOr<std::unique_ptr<Pebs>> Create(PerfKernel& kernel, std::string root, PebsOptions options,
                                                      double share_of_cpu);

  std::string_view name() const override { return "pebs"; }
  void Poll(ranges::Time now, const TargetTable& targets, std::vector<ranges::Sample>& samples) override;
  ranges::Time NextDeadline() const override { return due_; }
  void SetBudget(double share_of_cpu) override;
  AccessStats stats() const override;

  std::size_t cpus() const { return cpus_.size(); }
  bool samples_stores() const { return stores_; }

 private:
  // In this order: the ring is unmapped before its event is closed.
  struct Cpu {
    PebsEvent loads;
    PebsEvent stores;
    PerfMapping mapping;
    PerfRing ring;
  };

  Pebs(PerfKernel& kernel, std::string root, PebsOptions options, double share_of_cpu);

  absl::Status OpenCpu(int cpu);
  // Opens and closes as CPUs come and go. The first error, if any.
  absl::Status FollowCpus();
  void Read(Cpu& cpu, const TargetTable& targets, std::vector<ranges::Sample>& samples);
  void ControlPeriod(ranges::Time now);
  // Has the events follow the control.
  void SetPeriods();

  PerfKernel& kernel_;
  const std::string root_;
  const PebsOptions options_;
  const std::uint64_t threshold_;
  const std::optional<std::uint64_t> leader_;
  const std::chrono::nanoseconds record_cost_;
  std::size_t ring_bytes_ = 0;
  std::map<int, Cpu> cpus_;
  bool stores_;
  PeriodControl period_;
  AccessStats stats_;
  // Of rings that are closed.
  std::uint64_t malformed_ = 0;

  ranges::Time due_ = ranges::Time::min();
  ranges::Time polled_ = ranges::Time::min();
  ranges::Time follow_due_ = ranges::Time::min();
  // Since the period was last looked at.
  ranges::Time control_since_ = ranges::Time::min();
  std::chrono::nanoseconds control_cost_{0};
  std::uint64_t control_records_ = 0;
  std::uint64_t control_throttled_ = 0;
};

}  // namespace hypertier::agent
