// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/attachments.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "guest-agent/system/log_event.h"

namespace hypertier::agent {
namespace {

// Sizes so close say of no mapping made or gone: what an allocator takes and gives back all the time.
constexpr Bytes kLeastChange = Bytes::MiB(2);

bool ChangedNoticeably(Bytes before, Bytes now) {
  const Bytes difference = before > now ? before - now : now - before;
  return difference >= std::max(kLeastChange, Bytes(before.count() / 16));
}

}  // namespace

Attachments::Attachments(ProcFs& proc, CpuClock cpu_clock, double share_of_cpu)
    : proc_(proc),
      cpu_clock_(std::move(cpu_clock)),
      share_(std::max(share_of_cpu, 1e-6)),
      parser_([this](FileId file, std::uint64_t offset, std::uint64_t size) {
        return shared_.Claim(file, offset, size);
      }) {}

void Attachments::Complain(ranges::Time now, const ProcStat& stat, const absl::Status& status) {
  ++stats_.refused;
  if (!complaints_.Allow(now)) return;
  LogEvent(spdlog::level::warn, "process_refused", "process {} ({} resident) is not placed: {} ({} refused so far)",
           stat.pid, FormatBytes(stat.rss), ToString(status.message()), complaints_.count());
}

// Takes a place in the classifier, if need be that of a process that is smaller by a fifth at least.
bool Attachments::Register(ranges::Time now, Placed placed, ranges::ProcessId id, const ProcStat& stat) {
  absl::Status status = placed.classifier.SetMappings(now, id, {});
  if (absl::IsResourceExhausted(status) && !attached_.empty()) {
    const auto smallest = std::min_element(attached_.begin(), attached_.end(), [](const auto& a, const auto& b) {
      return a.second.rss_now < b.second.rss_now;
    });
    if (smallest->second.rss_now < Bytes(stat.rss.count() / 5 * 4)) {
      ++stats_.displaced;
      Detach(placed, smallest->first);
      status = placed.classifier.SetMappings(now, id, {});
    }
  }
  if (!status.ok()) Complain(now, stat, status);
  return status.ok();
}

std::optional<ranges::ProcessId> Attachments::Attach(ranges::Time now, Placed placed, const ProcStat& stat) {
  const ranges::ProcessId id{last_id_ + 1};
  if (!Register(now, placed, id, stat)) return std::nullopt;
  last_id_ = id.key;
  Target target{.id = id, .pid = stat.pid, .start_time = stat.start_time, .command = stat.command, .mappings = {}};
  State state;
  state.rss_now = stat.rss;
  if (!SetMappings(now, placed, target, state, stat)) {
    shared_.Release(id);
    placed.classifier.RemoveProcess(id);
    return std::nullopt;
  }
  placed.targets.Add(std::move(target));
  attached_.emplace(id, state);
  ++stats_.attached;
  return id;
}

bool Attachments::SetMappings(ranges::Time now, Placed placed, Target& target, State& state, const ProcStat& stat) {
  const std::chrono::nanoseconds before = cpu_clock_();
  shared_.Begin(target.id);
  const bool complete = proc_.Maps(stat.pid, parser_);
  std::vector<ranges::AddressSpan> mappings = parser_.Finish();
  if (complete) shared_.End();
  ++stats_.maps_reads;
  absl::Status status;
  if (complete) status = placed.classifier.SetMappings(now, target.id, mappings);
  // Also what failed has cost its time, and is not tried again at once.
  state.read = now;
  state.cost = cpu_clock_() - before;
  state.vsize = stat.vsize;
  state.rss = stat.rss;
  if (!status.ok()) Complain(now, stat, status);
  if (!complete || !status.ok()) return false;
  target.mappings = std::move(mappings);
  return true;
}

void Attachments::Refresh(ranges::Time now, Placed placed, ranges::ProcessId id, const ProcStat& stat, bool may_read) {
  const auto found = attached_.find(id);
  Target* target = placed.targets.Find(id);
  if (found == attached_.end() || target == nullptr) return;
  State& state = found->second;
  state.rss_now = stat.rss;
  if (target->command != stat.command) target->command = stat.command;
  const bool changed = ChangedNoticeably(state.vsize, stat.vsize) || ChangedNoticeably(state.rss, stat.rss);
  const std::chrono::duration<double> pause = std::chrono::duration<double>(state.cost) / share_;
  const ranges::Time::duration age = now - state.read;
  if (age < pause || (age < kMapsAge && !changed) || (age < kMapsOld && !may_read)) return;
  SetMappings(now, placed, *target, state, stat);
}

void Attachments::Detach(Placed placed, ranges::ProcessId id) {
  if (attached_.erase(id) == 0) return;
  shared_.Release(id);
  placed.targets.Remove(id);
  placed.classifier.RemoveProcess(id);
  ++stats_.detached;
}

Attachments::Stats Attachments::stats() const {
  Stats stats = stats_;
  stats.bad_lines = parser_.bad_lines();
  stats.dropped_spans = parser_.dropped_spans();
  return stats;
}

}  // namespace hypertier::agent
