// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "guest-agent/targets/proc_stat.h"

namespace hypertier::agent {

// Which processes are placed. With both lists empty: all that are large enough.
struct SelectionOptions {
  // The daemons that any guest runs have 5 to 20 MiB resident, most of it libraries, and where that lies nobody feels;
  // but each target costs ranges out of one budget, and CPU to watch it. 32 MiB is 16 chunks: enough to tell hot from
  // cold. Unit: resident memory. 0 takes all.
  Bytes min_resident = Bytes::MiB(32);

  // Only what is in one of these cgroups (v2 paths as in /proc/PID/cgroup, "/system.slice/db.service") or below...
  std::vector<std::string> cgroups;
  // ... or has a command (at most 15 characters, as ps -o comm has it) that matches one of these patterns of glob(7).
  std::vector<std::string> commands;
};

// Decides for one process at a time; keeps nothing.
class Selection {
 public:
  // `self` is never chosen: the agent would chase its own bookkeeping.
  Selection(SelectionOptions options, pid_t self) : options_(std::move(options)), self_(self) {}

  // A living user process, other than the agent. pid 1 is one like any other.
  bool Eligible(const ProcStat& stat) const;

  // A target stays one until it has shrunk to half of what made it one.
  bool LargeEnough(const ProcStat& stat, bool is_target) const;

  bool ChosenByCommand(std::string_view command) const;
  // To be asked if ChosenByCommand() says no and there are cgroups.
  bool ChosenByCgroup(std::string_view path) const;
  bool has_cgroups() const { return !options_.cgroups.empty(); }

 private:
  const SelectionOptions options_;
  const pid_t self_;
};

}  // namespace hypertier::agent
