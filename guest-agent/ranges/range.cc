// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/range.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace hypertier::ranges {
namespace {

// Share of mapped pages that count although a survey found them empty.
constexpr double kEmptyShare = 1.0 / 64;

double Overlap(Address a_start, Address a_end, Address b_start, Address b_end) {
  const Address start = std::max(a_start, b_start);
  const Address end = std::min(a_end, b_end);
  return start < end ? static_cast<double>(end - start) : 0;
}

double Unsurveyed(const Range& range, Address start, Address end) {
  return Overlap(start, end, range.surveyed, range.end) / static_cast<double>(kPage.count());
}

// Pages that count in [start, end) of which `resident` are known.
double EffectivePages(const Range& range, Address start, Address end, double resident) {
  const double mapped = static_cast<double>(end - start) / static_cast<double>(kPage.count());
  return resident + Unsurveyed(range, start, end) + mapped * kEmptyShare;
}

// Adds what `from` has counted within `to`, taking each bin to be even.
void AddShare(const Range& from, Range& to) {
  const double whole = Count(from);
  double moved = 0;
  for (unsigned bin = 0, used = BinsUsed(from); bin < used; ++bin) {
    const Address start = BinStart(from, bin);
    const Address end = BinStart(from, bin + 1);
    const double size = static_cast<double>(end - start);
    if (from.bins[bin] == 0) continue;
    for (unsigned target = 0, targets = BinsUsed(to); target < targets; ++target) {
      const double overlap = Overlap(start, end, BinStart(to, target), BinStart(to, target + 1));
      const double part = from.bins[bin] * (overlap / size);
      to.bins[target] += part;
      moved += part;
    }
  }
  const double overlap = Overlap(from.start, from.end, to.start, to.end) / static_cast<double>(from.end - from.start);
  to.inherited += from.inherited * overlap;
  moved += from.inherited * overlap;
  if (whole > 0) to.squares += from.squares * std::min(1.0, moved / whole);
}

}  // namespace

Range MakeRange(ProcessId process, Address start, Address end, Time now) {
  Range range;
  range.process = process;
  range.start = start;
  range.end = end;
  const std::uint64_t chunks = (end - start) >> kChunkShift;
  // The smallest bin of which eight cover the range.
  range.bin_shift = kChunkShift + static_cast<std::uint32_t>(std::bit_width((chunks - 1) / Range::kBins));
  range.surveyed = range.survey_next = start;
  range.since = range.born = range.survey_wrapped = now;
  return range;
}

Address BinStart(const Range& range, unsigned bin) {
  return std::min(range.end, range.start + (Address{bin} << range.bin_shift));
}

double Count(const Range& range) {
  double count = range.inherited;
  for (const double bin : range.bins) count += bin;
  return count;
}

double StandardErrors(const Evidence& a, const Evidence& b) {
  const Evidence both = a + b;
  if (!(both.count > 0) || !(both.squares > 0)) return 0;
  const double variance = both.density() * (both.squares / both.count) * (1 / a.pages + 1 / b.pages);
  return std::abs(a.density() - b.density()) / std::sqrt(variance);
}

double Contrast(const Evidence& a, const Evidence& b) {
  return std::abs(a.density() - b.density()) * std::min(a.pages, b.pages);
}

Evidence RangeEvidence(const Range& range) {
  const double resident = static_cast<double>(range.pages.fmem()) + range.pages.smem();
  return {Count(range), range.squares, EffectivePages(range, range.start, range.end, resident)};
}

Evidence BinEvidence(const Range& range, unsigned from, unsigned to) {
  double count = 0;
  double resident = 0;
  for (unsigned bin = from; bin < to; ++bin) {
    count += range.bins[bin];
    resident += range.resident[bin];
  }
  const double whole = Count(range);
  return {count, whole > 0 ? range.squares * (count / whole) : 0,
          EffectivePages(range, BinStart(range, from), BinStart(range, to), resident)};
}

double PlacedPages(const Range& range) {
  const double resident = static_cast<double>(range.pages.fmem()) + range.pages.smem();
  return std::max(1.0, resident + Unsurveyed(range, range.start, range.end));
}

Range Clip(const Range& range, Address start, Address end) {
  Range part = MakeRange(range.process, start, end, range.born);
  part.since = range.since;
  part.surveyed = std::clamp(range.surveyed, start, end);
  part.survey_next = std::clamp(range.survey_next, start, end);
  part.survey_wrapped = range.survey_wrapped;
  AddShare(range, part);
  return part;
}

Range Join(const Range& left, const Range& right) {
  Range both = MakeRange(left.process, left.start, right.end, std::min(left.born, right.born));
  both.since = std::min(left.since, right.since);
  both.surveyed = left.surveyed == left.end ? right.surveyed : left.surveyed;
  both.survey_next = both.surveyed == both.end ? both.start : both.surveyed;
  both.survey_wrapped = std::min(left.survey_wrapped, right.survey_wrapped);
  AddShare(left, both);
  AddShare(right, both);
  return both;
}

Range Child(const Range& range, unsigned from, unsigned to, Time now) {
  Range child = MakeRange(range.process, BinStart(range, from), BinStart(range, to), now);
  child.since = range.since;
  child.surveyed = std::clamp(range.surveyed, child.start, child.end);
  child.survey_next = std::clamp(range.survey_next, child.start, child.end);
  child.survey_wrapped = range.survey_wrapped;
  const Evidence bins = BinEvidence(range, from, to);
  child.inherited = bins.count + range.inherited * (bins.pages / RangeEvidence(range).pages);
  const double whole = Count(range);
  if (whole > 0) child.squares = range.squares * std::min(1.0, child.inherited / whole);
  return child;
}

}  // namespace hypertier::ranges
