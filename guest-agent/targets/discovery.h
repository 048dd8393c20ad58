// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "guest-agent/ranges/classifier.h"
#include "guest-agent/system/cpu_budget.h"
#include "guest-agent/targets/attachments.h"
#include "guest-agent/targets/proc_fs.h"
#include "guest-agent/targets/selection.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

struct DiscoveryOptions {
  SelectionOptions selection;
  // A fifth of what all of placement may use, though it uses next to nothing while no process comes or goes. A check of
  // a process takes about 5 us, so 200 processes a second.
  double share_of_cpu = 0.001;
  // Credit for the start, and for a time when much happens after one when nothing did: a hundred thousand checks, or
  // three thousand in a guest that is emulated or starved by its neighbours.
  std::chrono::milliseconds burst{500};
  // Of CPU time, at most, in one Run().
  std::chrono::milliseconds longest_run{20};
  // For tests.
  std::function<std::chrono::nanoseconds()> cpu_clock = ThreadCpuTime;
};

// Finds the processes whose memory is worth placing, and follows them until they end.
//
// What is cheap is done once a second: asking whether tasks have come or gone. Only then /proc is walked. A process is
// looked at (one read of its stat) when it is new, and then less and less often while it does not change: at first
// every second, in the end every 5 s, one that is far too small every 15 s, a kernel thread every 10 minutes. When that
// costs more than the share of CPU, it is done later: at most 30 s.
//
// Processes of containers are seen under their numbers in this namespace. A thread is part of its process; a forked
// child is a process of its own; exec, which puts another program into the process, makes it a new target. One thread.
class Discovery {
 public:
  struct Stats {
    std::size_t processes = 0;
    std::size_t targets = 0;
    std::uint64_t walks = 0;
    std::uint64_t checks = 0;
    // Targets that turned out to run another program.
    std::uint64_t execs = 0;
    Attachments::Stats attachments;
    std::chrono::nanoseconds cpu{0};
  };

  static constexpr std::chrono::seconds kMostOften{1};
  static constexpr std::chrono::seconds kLeastOften{30};

  // `root` goes before every path ("" in production).
  Discovery(std::string root, DiscoveryOptions options = {});

  // Does what is due, if anything. Always with the same table and classifier, which nobody else changes targets of.
  void Run(ranges::Time now, TargetTable& targets, ranges::Classifier& classifier);

  // When Run() wants to be called.
  ranges::Time NextDeadline() const { return next_; }

  // Somebody could not find this process any more: it is looked at by the next Run().
  void CheckSoon(pid_t pid);

  Stats stats() const;

 private:
  struct Process {
    std::uint64_t start_time = 0;
    std::uint64_t image = 0;
    Bytes rss;
    // 0: not a target.
    ranges::ProcessId target;
    bool in_cgroup = false;
    ranges::Time due = ranges::Time::min();
    std::chrono::nanoseconds interval{kMostOften};
  };
  using Processes = std::map<pid_t, Process>;

  void Walk(ranges::Time now, Placed placed);
  Processes::iterator Forget(Processes::iterator process, Placed placed);
  void Check(ranges::Time now, pid_t pid, Process& process, Placed placed);
  // Whether it is to be a target; `fresh`: nothing that was known of it holds any more.
  bool Wanted(const ProcStat& stat, Process& process, bool fresh);
  void Schedule(pid_t pid, Process& process, ranges::Time due);
  void PlanNext(ranges::Time now, bool unfinished);

  const DiscoveryOptions options_;
  const Selection selection_;
  ProcFs proc_;
  Attachments attachments_;
  CpuBudget budget_;
  Processes processes_;
  // Those of processes_, by when they are to be looked at.
  std::set<std::pair<ranges::Time, pid_t>> schedule_;
  std::optional<std::string> activity_;
  bool walk_due_ = true;
  ranges::Time walked_ = ranges::Time::min();
  ranges::Time next_ = ranges::Time::min();
  Stats stats_;
};

}  // namespace hypertier::agent
