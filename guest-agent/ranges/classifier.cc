// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/classifier.h"

#include <fmt/format.h>

#include <algorithm>

#include "guest-agent/ranges/areas.h"
#include "guest-agent/ranges/planner.h"
#include "guest-agent/ranges/ranking.h"
#include "guest-agent/ranges/survey.h"

namespace hypertier::ranges {
namespace {

absl::Status CheckSurvey(AddressSpan span, std::span<const ChunkResidency> chunks) {
  const auto invalid = [span](std::string_view what) {
    return absl::InvalidArgumentError(fmt::format("residency of {:#x}-{:#x}: {}", span.start, span.end, what));
  };
  const bool aligned = ChunkDown(span.start) == span.start && ChunkDown(span.end) == span.end;
  if (!aligned || span.start >= span.end || span.end > kAddressLimit) {
    return invalid("give whole chunks of 2 MiB of user space");
  }
  Address next = span.start;
  for (const ChunkResidency& chunk : chunks) {
    if (ChunkDown(chunk.chunk) != chunk.chunk || chunk.chunk < next || chunk.chunk >= span.end) {
      return invalid("give each chunk inside once, by its start, in order");
    }
    next = chunk.chunk + kChunk.count();
    if (chunk.resident.fmem() + chunk.resident.smem() > kChunk) {
      return invalid(fmt::format("chunk {:#x} has more than 2 MiB; count each page once", chunk.chunk));
    }
  }
  return absl::OkStatus();
}

// An area and whose it is.
struct Candidate {
  ProcessId process;
  Area area;
  bool incumbent = false;
};

// Largest first, and of two alike the one that is there already; the rest only makes the order total.
bool KeepRather(const Candidate& a, const Candidate& b) {
  return std::tuple(b.area.span.size(), !a.incumbent, a.process, a.area.span.start) <
         std::tuple(a.area.span.size(), !b.incumbent, b.process, b.area.span.start);
}

}  // namespace

absl::StatusOr<Classifier> Classifier::Create(const Options& options) {
  if (absl::Status status = Validate(options); !status.ok()) return status;
  return Classifier(options);
}

Classifier::Classifier(const Options& options)
    : options_(options),
      ranges_(options.range_budget, options.max_residency_blocks, options.half_life),
      deferred_(options.max_deferred) {}

absl::Status Classifier::SetMappings(Time now, ProcessId process, std::span<const AddressSpan> mappings) {
  ranges_.Advance(now);
  absl::StatusOr<std::vector<Area>> areas = MakeAreas(mappings);
  if (!areas.ok()) return areas.status();
  const ProcessTable& processes = ranges_.processes();
  if (processes.Find(process) == nullptr && processes.all().size() >= options_.max_processes) {
    return absl::ResourceExhaustedError(
        fmt::format("{} processes are placed already; raise max_processes or choose fewer by size, cgroup or command",
                    processes.all().size()));
  }
  std::vector<Area> limited = LimitAreas(process, *std::move(areas));
  ranges_.SetAreas(process, std::move(limited));
  return absl::OkStatus();
}

// Those of `areas` that there is room for; other processes lose smaller ones.
std::vector<Area> Classifier::LimitAreas(ProcessId process, std::vector<Area> areas) {
  const std::size_t limit = options_.range_budget / 2;
  std::size_t count = areas.size();
  for (const Process& other : ranges_.processes().all()) count += other.id == process ? 0 : other.areas.size();
  stats_.uncovered = Bytes();
  if (count <= limit) return areas;

  std::vector<Candidate> candidates;
  candidates.reserve(count);
  for (const Area& area : areas) candidates.push_back({process, area, false});
  for (const Process& other : ranges_.processes().all()) {
    if (other.id == process) continue;
    for (const Area& area : other.areas) candidates.push_back({other.id, area, true});
  }
  std::sort(candidates.begin(), candidates.end(), KeepRather);
  std::map<ProcessId, std::vector<Area>> kept;
  kept[process];
  for (std::size_t i = limit; i < candidates.size(); ++i) {
    stats_.uncovered += candidates[i].area.span.size();
    kept[candidates[i].process];
  }
  for (std::size_t i = 0; i < limit; ++i) {
    // Only processes that lose something, and this one.
    const auto it = kept.find(candidates[i].process);
    if (it != kept.end()) it->second.push_back(candidates[i].area);
  }
  std::vector<Area> own;
  for (auto& [id, remaining] : kept) {
    std::sort(remaining.begin(), remaining.end(),
              [](const Area& a, const Area& b) { return a.span.start < b.span.start; });
    if (id == process) {
      own = std::move(remaining);
    } else {
      ranges_.SetAreas(id, std::move(remaining));
    }
  }
  return own;
}

void Classifier::RemoveProcess(ProcessId process) {
  ranges_.Remove(process);
  deferred_.Remove(process);
}

void Classifier::Ingest(Time now, std::span<const Sample> samples) {
  ranges_.Advance(now);
  const RangeSet::Recorded recorded = ranges_.Record(samples);
  stats_.samples.counted += recorded.counted;
  stats_.samples.unknown_process += recorded.unknown_process;
  stats_.samples.outside += recorded.outside;
}

absl::Status Classifier::SetResidency(Time now, ProcessId process, AddressSpan span,
                                      std::span<const ChunkResidency> chunks) {
  ranges_.Advance(now);
  if (absl::Status status = CheckSurvey(span, chunks); !status.ok()) return status;
  std::vector<Address> gone;
  auto next = chunks.begin();
  ranges_.residency().ForEach(process, span.start, span.end, [&](const Residency::Chunk& known) {
    while (next != chunks.end() && next->chunk < known.start) ++next;
    if (next == chunks.end() || next->chunk != known.start) gone.push_back(known.start);
  });
  for (const Address chunk : gone) ranges_.SetResidency(process, chunk, {});
  for (const ChunkResidency& chunk : chunks) {
    const auto pages = [&chunk](TierId tier) { return static_cast<std::uint32_t>(BytesToPages(chunk.resident[tier])); };
    if (!ranges_.SetResidency(process, chunk.chunk, {pages(TierId::kFmem), pages(TierId::kSmem)})) {
      ++stats_.residency_refused;
    }
  }
  ranges_.ForEachIn(process, span.start, span.end,
                    [&](Range& range) { MarkSurveyed(range, span, ranges_.decay().clock()); });
  return absl::OkStatus();
}

void Classifier::Moved(ProcessId process, Address address, TierId to, Bytes amount) {
  const Address chunk = ChunkDown(address);
  const TierId from = to == TierId::kFmem ? TierId::kSmem : TierId::kFmem;
  PerTier<std::uint32_t> pages = ranges_.residency().Get(process, chunk);
  const auto moved = static_cast<std::uint32_t>(std::min<std::uint64_t>(BytesToPages(amount), pages[from]));
  pages[from] -= moved;
  pages[to] += moved;
  ranges_.SetResidency(process, chunk, pages);
}

void Classifier::Defer(Time now, ProcessId process, Address address) {
  ranges_.Advance(now);
  if (ranges_.Find(process, address) == nullptr) return;
  deferred_.Add(process, ChunkDown(address),
                ranges_.decay().clock() + std::chrono::duration_cast<Time::duration>(options_.defer));
}

void Classifier::FitRanges() {
  const Time now = ranges_.decay().clock();
  if (adapted_ && now - *adapted_ < options_.adapt_interval) return;
  adapted_ = now;
  usual_sample_ = UsualSample(ranges_);
  stats_.changes += changes_.Update(ranges_, usual_sample_);
  const Adapted adapted = Adapt(ranges_, options_, usual_sample_);
  stats_.ranges.split += adapted.split;
  stats_.ranges.looked += adapted.looked;
  stats_.ranges.joined += adapted.joined;
  stats_.ranges.sacrificed += adapted.sacrificed;
}

Plan Classifier::MakePlan(Time now) {
  ranges_.Advance(now);
  deferred_.Expire(ranges_.decay().clock());
  FitRanges();
  const std::vector<Ranked> ranking = Rank(ranges_, options_, usual_sample_);
  Plan plan = DescribeState(ranking);
  plan.access_rate = changes_.rate();
  plan.surveys = ChooseSurveys(ranking, options_, ranges_.decay().clock());
  if (capacity_) {
    PlanMoves(ranking, ranges_, deferred_, *capacity_, demand_, options_, changes_.activity(), plan);
  }
  return plan;
}

}  // namespace hypertier::ranges
