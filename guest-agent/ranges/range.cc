// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/range.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <tuple>

namespace hypertier::ranges {
namespace {

// Share of mapped pages that count although a survey found them empty.
constexpr double kEmptyShare = 1.0 / 64;

double PagesIn(Address start, Address end) {
  return start < end ? static_cast<double>(end - start) / static_cast<double>(kPage.count()) : 0;
}

double Unsurveyed(const Range& range, Address start, Address end) {
  return PagesIn(std::max(start, range.surveyed), end);
}

double Resident(const Range& range) {
  return static_cast<double>(range.pages.fmem()) + range.pages.smem();
}

// Survey marks of a part or whole.
void CopySurvey(const Range& from, Range& to) {
  to.surveyed = std::clamp(from.surveyed, to.start, to.end);
  to.survey_next = std::clamp(from.survey_next, to.start, to.end);
  if (to.survey_next == to.end) to.survey_next = to.start;
  to.survey_wrapped = from.survey_wrapped;
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
  range.since = range.bins_since = range.born = range.survey_wrapped = now;
  range.rise.onset = range.fall.onset = now;
  return range;
}

Address BinStart(const Range& range, unsigned bin) {
  return std::min(range.end, range.start + (Address{bin} << range.bin_shift));
}

double BinsCount(const Range& range) {
  double count = 0;
  for (const double bin : range.bins) count += bin;
  return count;
}

double PlacedPages(const Range& range) {
  return std::max(1.0, Resident(range) + Unsurveyed(range, range.start, range.end));
}

double ComparedPages(const Range& range) {
  return Resident(range) + Unsurveyed(range, range.start, range.end) + kEmptyShare * PagesIn(range.start, range.end);
}

double ComparedPages(const Range& range, unsigned from_bin, unsigned to_bin) {
  const Address start = BinStart(range, from_bin);
  const Address end = BinStart(range, to_bin);
  double resident = 0;
  for (unsigned bin = from_bin; bin < to_bin; ++bin) resident += range.resident[bin];
  return resident + Unsurveyed(range, start, end) + kEmptyShare * PagesIn(start, end);
}

double SampleWeight(const Range& range, const Decay& decay, double usual) {
  const double count = Count(range);
  return count > 0 ? range.squares / count / decay.Scale() / decay.MeanWeight(range.since) : usual;
}

Evidence RateEvidence(const Range& range, const Decay& decay, double usual) {
  const double observed = decay.Observed(range.since);
  const double count = Count(range) / decay.Scale();
  const double unit = count > 0 ? range.squares / count / decay.Scale() / decay.Scale() : usual;
  return {count / observed, unit / observed, ComparedPages(range)};
}

Range Clip(const Range& range, Address start, Address end) {
  Range part = MakeRange(range.process, start, end, range.born);
  part.since = range.since;
  part.bins_since = range.bins_since;
  CopySurvey(range, part);
  for (unsigned bin = 0, used = BinsUsed(range); bin < used; ++bin) {
    const Address from = BinStart(range, bin);
    const Address to = BinStart(range, bin + 1);
    for (unsigned target = 0, targets = BinsUsed(part); target < targets; ++target) {
      const double overlap = PagesIn(std::max(from, BinStart(part, target)), std::min(to, BinStart(part, target + 1)));
      part.bins[target] += range.bins[bin] * (overlap / PagesIn(from, to));
    }
  }
  part.older = range.older * (PagesIn(start, end) / PagesIn(range.start, range.end));
  const double whole = Count(range);
  if (whole > 0) part.squares = range.squares * std::min(1.0, Count(part) / whole);
  part.seen = Count(part);
  return part;
}

Range Join(const Range& left, const Range& right, const Decay& decay) {
  const bool leads =
      std::tuple(Count(left), left.end - left.start) >= std::tuple(Count(right), right.end - right.start);
  const Range& lead = leads ? left : right;
  const Range& other = leads ? right : left;
  Range both = MakeRange(left.process, left.start, right.end, decay.now());
  both.born = std::min(left.born, right.born);
  both.since = lead.since;
  // A longer observation is cut, with the samples in it; a shorter one is drawn out, without more samples.
  const double ratio = decay.Observed(lead.since) / decay.Observed(other.since);
  both.older = Count(lead) + Count(other) * ratio;
  both.squares = lead.squares + other.squares * ratio * std::max(1.0, ratio);
  both.seen = both.older;
  CopySurvey(left.surveyed == left.end ? right : left, both);
  both.survey_wrapped = std::min(left.survey_wrapped, right.survey_wrapped);
  return both;
}

Range Child(const Range& range, unsigned from, unsigned to, const Decay& decay) {
  Range child = MakeRange(range.process, BinStart(range, from), BinStart(range, to), decay.now());
  CopySurvey(range, child);
  child.born = range.born;
  const double all = BinsCount(range);
  double own = 0;
  for (unsigned bin = from; bin < to; ++bin) own += range.bins[bin];
  const double whole = Count(range);
  if (all > 0) {
    // Observed for as long as the bins were.
    child.since = range.bins_since;
    child.older = whole * (own / all) * (decay.Observed(range.bins_since) / decay.Observed(range.since));
    // As certain as the bins: the variance of `own` is own * squares / whole.
    if (own > 0) child.squares = child.older * (child.older / own) * (range.squares / whole);
  } else {
    child.since = range.since;
    child.older = whole * (ComparedPages(range, from, to) / ComparedPages(range));
    if (whole > 0) child.squares = range.squares * (child.older / whole);
  }
  child.seen = child.older;
  return child;
}

}  // namespace hypertier::ranges
