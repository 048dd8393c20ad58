// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/survey.h"

#include <algorithm>
#include <tuple>

namespace hypertier::ranges {
namespace {

constexpr Seconds kJustTouched{1.0};

struct Wish {
  bool again = false;
  double rate = 0;
  const Range* range = nullptr;

  // Most urgent first; the rest only makes the order total.
  friend bool operator<(const Wish& a, const Wish& b) {
    return std::tuple(a.again, -a.rate, a.range->process, a.range->start) <
           std::tuple(b.again, -b.rate, b.range->process, b.range->start);
  }
};

}  // namespace

std::vector<Survey> ChooseSurveys(const std::vector<Ranked>& ranking, const Options& options, Time now) {
  std::vector<Wish> wishes;
  for (const Ranked& ranked : ranking) {
    const Range& range = *ranked.range;
    const Seconds age = now - range.survey_wrapped;
    const bool touched = ranked.rate > 0 && ranked.resident() == 0 && age >= kJustTouched;
    const bool never = range.surveyed < range.end;
    if (never || touched || age >= options.survey_age) wishes.push_back({!never, ranked.rate, &range});
  }
  // Each wish gives at least one span.
  const std::size_t most = std::min(wishes.size(), options.max_surveys);
  std::partial_sort(wishes.begin(), wishes.begin() + static_cast<std::ptrdiff_t>(most), wishes.end());

  const std::uint64_t size = ChunkDown(options.survey_span.count());
  std::vector<Survey> surveys;
  for (std::size_t i = 0; i < most; ++i) {
    const Range& range = *wishes[i].range;
    Address at = wishes[i].again ? range.survey_next : range.surveyed;
    for (; at < range.end && surveys.size() < options.max_surveys; at += std::min(size, range.end - at)) {
      surveys.push_back({range.process, {at, at + std::min(size, range.end - at)}});
    }
  }
  return surveys;
}

void MarkSurveyed(Range& range, AddressSpan span, Time now) {
  const Address end = std::min(span.end, range.end);
  if (span.start <= range.surveyed) range.surveyed = std::max(range.surveyed, end);
  if (span.start > range.survey_next || end <= range.survey_next) return;
  range.survey_next = end;
  if (end < range.end) return;
  range.survey_next = range.start;
  range.survey_wrapped = now;
}

}  // namespace hypertier::ranges
