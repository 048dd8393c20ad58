// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/range_set.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace hypertier::ranges {
namespace {

// The `count` cheapest boundaries between `ranges`.
std::vector<Boundary> Cheapest(std::vector<Boundary> boundaries, std::size_t count) {
  if (count < boundaries.size()) {
    std::nth_element(boundaries.begin(), boundaries.begin() + static_cast<std::ptrdiff_t>(count), boundaries.end());
    boundaries.resize(count);
  }
  return boundaries;
}

// Joins neighbours of `ranges` where one of `boundaries` (in order of address, all of them found) lies between them.
// Calls `keep(first, end, joined)` for what stays: ranges [first, end) have become `joined`, which is empty for a
// single one.
template <typename Keep>
void JoinRuns(std::span<const Range* const> ranges, std::span<const Boundary> boundaries, const Decay& decay,
              Keep keep) {
  std::size_t next = 0;
  for (std::size_t i = 0; i < ranges.size();) {
    const std::size_t first = i;
    std::optional<Range> joined;
    for (++i; i < ranges.size() && next < boundaries.size() && boundaries[next].at == ranges[i]->start; ++i, ++next) {
      joined = Join(joined ? *joined : *ranges[first], *ranges[i], decay);
    }
    keep(first, i, joined);
  }
}

bool ByAddress(const Boundary& a, const Boundary& b) {
  return a.process != b.process ? a.process < b.process : a.at < b.at;
}

}  // namespace

RangeSet::RangeSet(std::size_t budget, std::size_t max_residency_blocks, Seconds half_life)
    : pool_(budget), residency_(max_residency_blocks), decay_(half_life) {
  free_.reserve(budget);
  for (std::size_t slot = budget; slot > 0; --slot) free_.push_back(static_cast<std::uint32_t>(slot - 1));
}

void RangeSet::Advance(Time now) {
  if (const int halvings = decay_.Advance(now); halvings > 0) ScaleDown(halvings);
}

// What is lost by removing the boundary between two neighbours.
Boundary RangeSet::BoundaryOf(const Range& left, const Range& right) const {
  return {Contrast(RateEvidence(left, decay_, 0), RateEvidence(right, decay_, 0)), right.process, right.start};
}

void RangeSet::Recount(Range& range) const {
  range.pages = {};
  range.resident = {};
  residency_.ForEach(range.process, range.start, range.end, [&range](const Residency::Chunk& chunk) {
    range.pages.fmem() += chunk.pages.fmem();
    range.pages.smem() += chunk.pages.smem();
    range.resident[(chunk.start - range.start) >> range.bin_shift] += chunk.pages.fmem() + chunk.pages.smem();
  });
}

std::vector<Range> RangeSet::Recut(const Process& process, std::span<const Area> areas) const {
  std::vector<Range> ranges;
  std::size_t old = 0;
  for (const Area& area : areas) {
    const Address end = area.last_chunk_end();
    Address at = area.first_chunk();
    while (old < process.slots.size() && pool_[process.slots[old]].end <= at) ++old;
    for (std::size_t i = old; i < process.slots.size() && process.starts[i] < end; ++i) {
      const Range& range = pool_[process.slots[i]];
      const Address from = std::max(range.start, at);
      const Address to = std::min(range.end, end);
      if (at < from) ranges.push_back(MakeRange(process.id, at, from, decay_.now()));
      ranges.push_back(from == range.start && to == range.end ? range : Clip(range, from, to));
      at = to;
    }
    if (at < end) ranges.push_back(MakeRange(process.id, at, end, decay_.now()));
  }
  return ranges;
}

void RangeSet::SetAreas(ProcessId id, std::vector<Area> areas) {
  Process* process = processes_.Find(id);
  if (process == nullptr) process = &processes_.Insert(id);
  if (process->areas == areas) return;

  Address unmapped = 0;
  for (const Area& area : areas) {
    residency_.Erase(id, unmapped, area.first_chunk());
    unmapped = area.last_chunk_end();
  }
  residency_.Erase(id, unmapped, kAddressLimit);

  std::vector<Range> ranges = Recut(*process, areas);
  Release(*process);
  process->areas = std::move(areas);
  for (Range& range : ranges) Recount(range);

  if (ranges.size() > room()) {
    std::vector<Boundary> inner;
    std::vector<const Range*> pointers;
    for (const Range& range : ranges) {
      if (!pointers.empty() && pointers.back()->end == range.start)
        inner.push_back(BoundaryOf(*pointers.back(), range));
      pointers.push_back(&range);
    }
    inner = Cheapest(std::move(inner), ranges.size() - room());
    std::sort(inner.begin(), inner.end(), ByAddress);
    std::vector<Range> fewer;
    JoinRuns(pointers, inner, decay_, [&](std::size_t first, std::size_t, const std::optional<Range>& joined) {
      fewer.push_back(joined ? *joined : *pointers[first]);
      if (joined) Recount(fewer.back());
    });
    ranges = std::move(fewer);
  }
  if (ranges.size() > room()) Join(Cheapest(Boundaries(), ranges.size() - room()));
  Place(*process, ranges);
}

void RangeSet::Remove(ProcessId id) {
  Process* process = processes_.Find(id);
  if (process == nullptr) return;
  Release(*process);
  residency_.Erase(id, 0, kAddressLimit);
  processes_.Erase(id);
}

void RangeSet::Place(Process& process, std::span<const Range> ranges) {
  for (const Range& range : ranges) {
    process.starts.push_back(range.start);
    process.slots.push_back(free_.back());
    pool_[free_.back()] = range;
    free_.pop_back();
  }
}

void RangeSet::Release(Process& process) {
  for (const std::uint32_t slot : process.slots) free_.push_back(slot);
  process.starts.clear();
  process.slots.clear();
}

void RangeSet::ScaleDown(int halvings) {
  const double factor = std::ldexp(1.0, -halvings);
  ForEach([factor](Range& range) {
    range.older *= factor;
    for (double& bin : range.bins) bin *= factor;
    range.seen *= factor;
    range.rise.count *= factor;
    range.fall.count *= factor;
    range.squares *= factor * factor;
  });
}

bool RangeSet::SetResidency(ProcessId process, Address chunk, PerTier<std::uint32_t> pages) {
  Range* range = Find(process, chunk);
  if (range == nullptr) return false;
  const PerTier<std::uint32_t> before = residency_.Get(process, chunk);
  const bool kept = residency_.Set(process, chunk, pages);
  if (!kept) pages = {};
  range->pages.fmem() += pages.fmem() - before.fmem();
  range->pages.smem() += pages.smem() - before.smem();
  range->resident[(chunk - range->start) >> range->bin_shift] +=
      pages.fmem() + pages.smem() - before.fmem() - before.smem();
  return kept;
}

void RangeSet::Split(ProcessId id, Address start, std::span<const unsigned> bins, Time born) {
  Process& process = *processes_.Find(id);
  const auto position = std::lower_bound(process.starts.begin(), process.starts.end(), start) - process.starts.begin();
  const Range parent = pool_[process.slots[static_cast<std::size_t>(position)]];
  std::vector<Address> starts;
  std::vector<std::uint32_t> slots;
  unsigned from = 0;
  for (std::size_t part = 0; part <= bins.size(); ++part) {
    const unsigned to = part < bins.size() ? bins[part] : BinsUsed(parent);
    std::uint32_t slot = process.slots[static_cast<std::size_t>(position)];
    if (part > 0) {
      slot = free_.back();
      free_.pop_back();
      starts.push_back(BinStart(parent, from));
      slots.push_back(slot);
    }
    pool_[slot] = Child(parent, from, to, decay_);
    pool_[slot].born = born;
    Recount(pool_[slot]);
    from = to;
  }
  process.starts.insert(process.starts.begin() + position + 1, starts.begin(), starts.end());
  process.slots.insert(process.slots.begin() + position + 1, slots.begin(), slots.end());
}

void RangeSet::Join(std::vector<Boundary> boundaries) {
  std::sort(boundaries.begin(), boundaries.end(), ByAddress);
  for (std::size_t next = 0; next < boundaries.size();) {
    const std::size_t first = next;
    while (next < boundaries.size() && boundaries[next].process == boundaries[first].process) ++next;
    Process& process = *processes_.Find(boundaries[first].process);
    std::vector<const Range*> ranges;
    ranges.reserve(process.slots.size());
    for (const std::uint32_t slot : process.slots) ranges.push_back(&pool_[slot]);
    std::size_t kept = 0;
    const std::span<const Boundary> own = std::span(boundaries).subspan(first, next - first);
    JoinRuns(ranges, own, decay_, [&](std::size_t from, std::size_t to, const std::optional<Range>& joined) {
      const std::uint32_t slot = process.slots[from];
      for (std::size_t i = from + 1; i < to; ++i) free_.push_back(process.slots[i]);
      process.starts[kept] = process.starts[from];
      process.slots[kept++] = slot;
      if (!joined) return;
      pool_[slot] = *joined;
      Recount(pool_[slot]);
    });
    process.starts.resize(kept);
    process.slots.resize(kept);
  }
}

std::vector<Boundary> RangeSet::Boundaries() const {
  std::vector<Boundary> boundaries;
  for (const Process& process : processes_.all()) {
    for (std::size_t i = 1; i < process.slots.size(); ++i) {
      const Range& left = pool_[process.slots[i - 1]];
      const Range& right = pool_[process.slots[i]];
      if (left.end == right.start) boundaries.push_back(BoundaryOf(left, right));
    }
  }
  return boundaries;
}

}  // namespace hypertier::ranges
