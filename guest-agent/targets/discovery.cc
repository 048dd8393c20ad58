// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/discovery.h"

#include <unistd.h>

#include <algorithm>

namespace hypertier::agent {
namespace {

using std::chrono::nanoseconds;

// Never all of it at once in a guest that runs away: 4 MiB of ours.
constexpr std::size_t kMaxProcesses = 16384;

constexpr std::chrono::seconds kSlow{5};
constexpr std::chrono::seconds kSlowOfSmall{15};
constexpr std::chrono::minutes kSlowOfKernelThreads{10};

// Grown or shrunk enough to look again soon.
bool Moving(Bytes before, Bytes now) {
  const Bytes difference = before > now ? before - now : now - before;
  return difference > std::max(Bytes::MiB(1), Bytes(before.count() / 8));
}

}  // namespace

Discovery::Discovery(std::string root, DiscoveryOptions options)
    : options_(std::move(options)),
      selection_(options_.selection, getpid()),
      proc_(std::move(root)),
      attachments_(proc_, options_.cpu_clock, options_.share_of_cpu),
      // So that what waits for credit waits no longer than that.
      budget_(
          options_.share_of_cpu, options_.burst,
          std::chrono::duration_cast<nanoseconds>(options_.share_of_cpu * std::chrono::duration<double>(kLeastOften))) {
}

void Discovery::Run(ranges::Time now, TargetTable& targets, ranges::Classifier& classifier) {
  if (now < next_) return;
  const Placed placed{targets, classifier};
  const nanoseconds start = options_.cpu_clock();
  const nanoseconds most = std::min<nanoseconds>(budget_.Credit(now), options_.longest_run);
  const auto used = [&] { return options_.cpu_clock() - start; };

  std::optional<std::string> activity = proc_.Activity();
  walk_due_ = walk_due_ || !activity || activity != activity_;
  activity_ = std::move(activity);
  const auto overdue = [now](ranges::Time due) { return now >= due + kLeastOften; };
  if (walk_due_ && (most > nanoseconds(0) || overdue(walked_))) Walk(now, placed);

  bool unfinished = false;
  while (!schedule_.empty() && schedule_.begin()->first <= now) {
    const auto [due, pid] = *schedule_.begin();
    const nanoseconds spent = used();
    if (spent >= options_.longest_run || (spent >= most && !overdue(due))) {
      unfinished = true;
      break;
    }
    Check(now, pid, processes_.at(pid), placed);
  }
  const nanoseconds cost = used();
  budget_.Charge(now, cost);
  stats_.cpu += cost;
  PlanNext(now, unfinished);
}

void Discovery::PlanNext(ranges::Time now, bool unfinished) {
  next_ = now + kMostOften;
  if (!unfinished) return;
  // With credit left, the rest is only a matter of not keeping the others of this thread waiting.
  if (budget_.Ready(now)) next_ = now + kMostOften / 10;
}

void Discovery::Walk(ranges::Time now, Placed placed) {
  std::vector<pid_t> pids = proc_.Pids();
  ++stats_.walks;
  walk_due_ = false;
  walked_ = now;
  auto known = processes_.begin();
  for (const pid_t pid : pids) {
    while (known != processes_.end() && known->first < pid) known = Forget(known, placed);
    if (known != processes_.end() && known->first == pid) {
      ++known;
      continue;
    }
    if (processes_.size() >= kMaxProcesses) continue;
    Schedule(pid, processes_.emplace_hint(known, pid, Process{})->second, now);
  }
  while (known != processes_.end()) known = Forget(known, placed);
}

Discovery::Processes::iterator Discovery::Forget(Processes::iterator process, Placed placed) {
  attachments_.Detach(placed, process->second.target);
  schedule_.erase({process->second.due, process->first});
  return processes_.erase(process);
}

void Discovery::Schedule(pid_t pid, Process& process, ranges::Time due) {
  schedule_.erase({process.due, pid});
  process.due = due;
  schedule_.emplace(due, pid);
}

void Discovery::CheckSoon(pid_t pid) {
  const auto found = processes_.find(pid);
  if (found != processes_.end()) Schedule(pid, found->second, ranges::Time::min());
}

bool Discovery::Wanted(const ProcStat& stat, Process& process, bool fresh) {
  const bool is_target = attachments_.Has(process.target);
  if (!selection_.Eligible(stat) || !selection_.LargeEnough(stat, is_target)) return false;
  if (selection_.ChosenByCommand(stat.command)) return true;
  if (!selection_.has_cgroups()) return false;
  // Processes are rarely moved: what was found holds until the process is another one.
  if (fresh || !process.in_cgroup) {
    const std::optional<std::string> cgroup = proc_.Cgroup(stat.pid);
    process.in_cgroup = cgroup && selection_.ChosenByCgroup(*cgroup);
  }
  return process.in_cgroup;
}

void Discovery::Check(ranges::Time now, pid_t pid, Process& process, Placed placed) {
  ++stats_.checks;
  const std::optional<ProcStat> stat = proc_.Stat(pid);
  if (!stat || stat->pid != pid) {
    Forget(processes_.find(pid), placed);
    return;
  }
  const bool another = process.start_time != stat->start_time;
  const bool fresh = another || process.image != stat->image;
  const bool was_target = attachments_.Has(process.target);
  if (fresh) {
    if (was_target && !another) ++stats_.execs;
    attachments_.Detach(placed, process.target);
    process.target = {};
  }

  const bool wanted = Wanted(*stat, process, fresh);
  const bool is_target = attachments_.Has(process.target);
  const bool changed = fresh || Moving(process.rss, stat->rss);
  if (!wanted && is_target) {
    attachments_.Detach(placed, process.target);
    process.target = {};
  } else if (wanted && is_target) {
    attachments_.Refresh(now, placed, process.target, *stat, budget_.Ready(now));
  } else if (wanted) {
    const std::optional<ranges::ProcessId> id = attachments_.Attach(now, placed, *stat);
    process.target = id.value_or(ranges::ProcessId{});
  }

  process.start_time = stat->start_time;
  process.image = stat->image;
  process.rss = stat->rss;
  const bool small = !wanted && !selection_.LargeEnough(*stat, true);
  const nanoseconds slowest = stat->kernel_thread ? nanoseconds(kSlowOfKernelThreads)
                              : small             ? nanoseconds(kSlowOfSmall)
                                                  : nanoseconds(kSlow);
  process.interval = stat->kernel_thread ? slowest
                     : changed           ? nanoseconds(kMostOften)
                                         : std::min(process.interval * 2, slowest);
  Schedule(pid, process, now + process.interval);
}

Discovery::Stats Discovery::stats() const {
  Stats stats = stats_;
  stats.processes = processes_.size();
  stats.targets = attachments_.size();
  stats.attachments = attachments_.stats();
  return stats;
}

}  // namespace hypertier::agent
