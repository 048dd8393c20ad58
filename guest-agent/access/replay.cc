// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/replay.h"

#include <algorithm>

namespace hypertier::agent {
namespace {

bool IsMapped(const Target& target, ranges::Address address) {
  const auto after =
      std::upper_bound(target.mappings.begin(), target.mappings.end(), address,
                       [](ranges::Address value, const ranges::AddressSpan& span) { return value < span.start; });
  return after != target.mappings.begin() && address < std::prev(after)->end;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Replay>> Replay::Open(const std::string& path, Processes processes) {
  absl::StatusOr<TraceReader> reader = TraceReader::Open(path);
  if (!reader.ok()) return reader.status();
  return std::make_unique<Replay>(*std::move(reader), processes);
}

ranges::Time Replay::NextDeadline() const {
  if (!start_) return ranges::Time::min();
  if (!have_event_) return ranges::Time::max();
  // A file may claim any time.
  constexpr std::chrono::nanoseconds kLongest = std::chrono::hours(24 * 365);
  return *start_ + std::min(event_.time, kLongest);
}

void Replay::Advance() {
  const absl::StatusOr<bool> more = reader_.Next(event_);
  have_event_ = more.ok() && *more;
  over_ = !have_event_;
  if (!more.ok()) status_ = more.status();
}

const Target* Replay::LiveFor(ranges::ProcessId recorded, const TargetTable& targets) {
  const auto known = live_.find(recorded);
  if (known != live_.end()) {
    if (const Target* const target = targets.Find(known->second)) return target;
    live_.erase(known);
  }
  const Target* const wanted = recorded_.Find(recorded);
  if (wanted == nullptr) return nullptr;
  for (const auto& [key, target] : targets.all()) {
    const ranges::ProcessId id = key;
    const bool taken = std::any_of(live_.begin(), live_.end(), [id](const auto& pair) { return pair.second == id; });
    if (taken || target.command != wanted->command) continue;
    live_.emplace(recorded, id);
    return &target;
  }
  return nullptr;
}

void Replay::TakeSamples(const TargetTable& targets, std::vector<ranges::Sample>& samples) {
  std::optional<ranges::ProcessId> last;
  const Target* target = nullptr;
  for (ranges::Sample sample : event_.samples) {
    if (processes_ == Processes::kByCommand) {
      if (last != sample.process) target = LiveFor(sample.process, targets);
      last = sample.process;
      if (target == nullptr) {
        ++stats_.foreign;
        continue;
      }
      if (!IsMapped(*target, sample.address)) {
        ++stats_.bad;
        continue;
      }
      sample.process = target->id;
    }
    ++stats_.samples;
    samples.push_back(sample);
  }
}

void Replay::Take(const TargetTable& targets, std::vector<ranges::Sample>& samples) {
  switch (event_.kind) {
    case TraceKind::kProcess: {
      // A trace may name any number of them.
      constexpr std::size_t kMostProcesses = 4096;
      if (recorded_.Find(event_.process) == nullptr && recorded_.all().size() >= kMostProcesses) break;
      Target target;
      target.id = event_.process;
      target.command = event_.command;
      target.mappings = event_.mappings;
      recorded_.Add(std::move(target));
      break;
    }
    case TraceKind::kGone:
      recorded_.Remove(event_.process);
      live_.erase(event_.process);
      break;
    case TraceKind::kSamples:
      TakeSamples(targets, samples);
      break;
    case TraceKind::kEnd:
      break;
  }
}

void Replay::Poll(ranges::Time now, const TargetTable& targets, std::vector<ranges::Sample>& samples) {
  if (!start_) {
    start_ = now;
    Advance();
  }
  while (have_event_ && NextDeadline() <= now) {
    Take(targets, samples);
    Advance();
  }
}

}  // namespace hypertier::agent
