// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <cmath>
#include <set>

#include "guest-agent/ranges/range_set.h"

namespace hypertier::ranges {
namespace {

absl::Status Broken(const Range& range, std::string_view what) {
  return absl::InternalError(
      fmt::format("range {:#x}-{:#x} of process {}: {}", range.start, range.end, range.process.key, what));
}

absl::Status VerifyNumbers(const Range& range) {
  if (range.start >= range.end || ChunkDown(range.start) != range.start || ChunkDown(range.end) != range.end) {
    return Broken(range, "empty or not aligned");
  }
  if (BinsUsed(range) > Range::kBins) return Broken(range, "bins do not cover it");
  const bool sane = std::isfinite(range.squares) && range.squares >= 0 && std::isfinite(Count(range)) &&
                    range.older >= 0 && range.since <= range.bins_since && ComparedPages(range) > 0;
  if (!sane) return Broken(range, "a sum is negative or not finite");
  for (unsigned bin = 0; bin < Range::kBins; ++bin) {
    if (range.bins[bin] < 0) return Broken(range, "a bin is negative");
    if (bin >= BinsUsed(range) && (range.bins[bin] != 0 || range.resident[bin] != 0)) {
      return Broken(range, "counts beyond its end");
    }
  }
  if (range.surveyed < range.start || range.surveyed > range.end || range.survey_next < range.start ||
      range.survey_next > range.end) {
    return Broken(range, "a survey mark is outside");
  }
  return absl::OkStatus();
}

absl::Status VerifyResidency(const Range& range, const Residency& residency) {
  Range counted = range;
  counted.pages = {};
  counted.resident = {};
  bool overfull = false;
  residency.ForEach(range.process, range.start, range.end, [&](const Residency::Chunk& chunk) {
    const std::uint32_t pages = chunk.pages.fmem() + chunk.pages.smem();
    overfull = overfull || pages > kPagesPerChunk;
    counted.pages.fmem() += chunk.pages.fmem();
    counted.pages.smem() += chunk.pages.smem();
    counted.resident[(chunk.start - range.start) >> range.bin_shift] += pages;
  });
  if (overfull) return Broken(range, "a chunk holds more than its pages");
  if (counted.pages != range.pages || counted.resident != range.resident) {
    return Broken(range, "residency is not the sum of its chunks");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status RangeSet::Verify() const {
  std::set<std::uint32_t> seen(free_.begin(), free_.end());
  if (seen.size() != free_.size()) return absl::InternalError("a free range is listed twice");
  const Process* before = nullptr;
  for (const Process& process : processes_.all()) {
    if (before != nullptr && !(before->id < process.id)) return absl::InternalError("processes are out of order");
    if (processes_.Find(process.id) != &process) return absl::InternalError("a process is not found");
    before = &process;
    std::size_t i = 0;
    // The ranges of an area lie in it without overlap and without hole.
    for (const Area& area : process.areas) {
      Address at = area.first_chunk();
      for (; i < process.slots.size() && process.starts[i] < area.last_chunk_end(); ++i) {
        const Range& range = pool_[process.slots[i]];
        if (!seen.insert(process.slots[i]).second) return Broken(range, "is used twice");
        if (range.process != process.id || range.start != process.starts[i]) return Broken(range, "is filed wrongly");
        if (range.start != at) return Broken(range, "does not start where the one before it ends");
        if (absl::Status status = VerifyNumbers(range); !status.ok()) return status;
        if (absl::Status status = VerifyResidency(range, residency_); !status.ok()) return status;
        at = range.end;
      }
      if (at != area.last_chunk_end()) return absl::InternalError(fmt::format("area ends at {:#x} uncovered", at));
    }
    if (i != process.slots.size()) return Broken(pool_[process.slots[i]], "lies outside all areas");
  }
  if (seen.size() != pool_.size()) return absl::InternalError("a range is neither free nor used");
  return absl::OkStatus();
}

}  // namespace hypertier::ranges
