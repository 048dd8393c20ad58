// SPDX-License-Identifier: Apache-2.0
//
// What Classifier shows of itself.
#include <algorithm>

#include "guest-agent/ranges/classifier.h"
#include "guest-agent/ranges/ranking.h"

namespace hypertier::ranges {

std::vector<RangeView> Classifier::Ranges() const {
  std::vector<RangeView> views;
  for (const Ranked& ranked : Rank(ranges_, options_, usual_sample_)) {
    const Range& range = *ranked.range;
    views.push_back({.process = range.process,
                     .span = {range.start, range.end},
                     .density = ranked.density,
                     .resident = {PagesToBytes(range.pages.fmem()), PagesToBytes(range.pages.smem())},
                     .young = ranked.young});
  }
  std::sort(views.begin(), views.end(), [](const RangeView& a, const RangeView& b) {
    return a.process != b.process ? a.process < b.process : a.span.start < b.span.start;
  });
  for (RangeView& view : views) {
    for (const Area& area : ranges_.processes().Find(view.process)->areas) {
      if (view.span.start == area.first_chunk()) view.span.start = area.span.start;
      if (view.span.end == area.last_chunk_end()) view.span.end = area.span.end;
    }
  }
  return views;
}

ClassifierStats Classifier::stats() const {
  ClassifierStats stats = stats_;
  stats.range_count = ranges_.size();
  stats.process_count = ranges_.processes().all().size();
  stats.residency_blocks = ranges_.residency().blocks();
  stats.deferred = deferred_.size();
  return stats;
}

double Classifier::TotalRate() const {
  double total = 0;
  ranges_.ForEach([&](const Range& range) { total += Rate(range, ranges_.decay()); });
  return total;
}

absl::Status Classifier::Verify() const {
  return ranges_.Verify();
}

}  // namespace hypertier::ranges
