// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/cuts.h"

#include <algorithm>
#include <cmath>

namespace hypertier::ranges {
namespace {

constexpr double kMinSamples = 8;

// Running sums over the bins of one range.
class Segmenter {
 public:
  Segmenter(const Range& range, const Options& options, double min_gain)
      : used_(BinsUsed(range)), unit_(range.squares / Count(range)), options_(options), min_gain_(min_gain) {
    for (unsigned bin = 0; bin < used_; ++bin) {
      counts_[bin + 1] = counts_[bin] + range.bins[bin];
      pages_[bin + 1] = pages_[bin] + ComparedPages(range, bin, bin + 1);
    }
  }

  // No cut can stand out by more than all bins together do (the sum of squares between two groups is at most that
  // between all), which is cheaper to tell.
  bool Promising() const {
    const double density = counts_[used_] / pages_[used_];
    if (!(counts_[used_] >= kMinSamples * unit_)) return false;
    double sum = 0;
    for (unsigned bin = 0; bin < used_; ++bin) {
      const double pages = pages_[bin + 1] - pages_[bin];
      const double excess = counts_[bin + 1] - counts_[bin] - density * pages;
      sum += excess * excess / pages;
    }
    return sum >= density * unit_ * options_.split_confidence * options_.split_confidence;
  }

  // Cuts out the run of bins that stands out most against the rest of [from, to), and goes on with the parts. Runs in
  // the middle too: one hot bin of eight raises neither half of the range by much.
  //
  // With a run of p of P pages, which has e accesses more than its share, the squares of its standard errors against
  // the rest (evidence.h) come to P / (density * unit) * e^2 / (p * (P - p)), of which only the last factor differs
  // from run to run; and a cut there gains |e| * P / max(p, P - p).
  void Segment(unsigned from, unsigned to, Cuts& cuts) const {
    const Evidence whole = Part(from, to);
    const double density = whole.density();
    double most = options_.split_confidence * options_.split_confidence * density * unit_ / whole.pages;
    if (!(most > 0)) return;
    unsigned first = from;
    unsigned end = from;
    double gain = 0;
    for (unsigned start = from; start < to; ++start) {
      for (unsigned stop = start + 1; stop <= to; ++stop) {
        if (start == from && stop == to) continue;
        const Evidence run = Part(start, stop);
        const double rest = whole.pages - run.pages;
        const double excess = run.amount - density * run.pages;
        const double square = excess * excess;
        if (square < most * run.pages * rest || (end > from && square <= most * run.pages * rest)) continue;
        const double hot = excess > 0 ? run.amount : whole.amount - run.amount;
        if (hot < kMinSamples * unit_) continue;
        const double contrast = std::abs(excess) * whole.pages / std::max(run.pages, rest) / counts_[used_];
        if (contrast < min_gain_) continue;
        first = start;
        end = stop;
        most = square / (run.pages * rest);
        gain = contrast;
      }
    }
    if (end == from) return;
    cuts.gain += gain;
    if (first > from) {
      Segment(from, first, cuts);
      cuts.bins[cuts.count++] = first;
    }
    Segment(first, end, cuts);
    if (end < to) {
      cuts.bins[cuts.count++] = end;
      Segment(end, to, cuts);
    }
  }

  unsigned used() const { return used_; }

 private:
  Evidence Part(unsigned from, unsigned to) const {
    const double count = counts_[to] - counts_[from];
    return {count, unit_, pages_[to] - pages_[from]};
  }

  const unsigned used_;
  // Variance of a count, for each access counted.
  const double unit_;
  const Options& options_;
  const double min_gain_;
  std::array<double, Range::kBins + 1> counts_{};
  std::array<double, Range::kBins + 1> pages_{};
};

}  // namespace

Cuts FindCuts(const Range& range, const Options& options, double min_gain) {
  Cuts cuts;
  if (BinsUsed(range) < 2 || !(range.squares > 0)) return cuts;
  const Segmenter segmenter(range, options, min_gain);
  if (segmenter.Promising()) segmenter.Segment(0, segmenter.used(), cuts);
  return cuts;
}

Cuts LookCloser(const Range& range, const Options& options, double min_share) {
  Cuts cuts;
  const unsigned used = BinsUsed(range);
  if (used < 2 || !(range.squares > 0)) return cuts;
  const double samples = BinsCount(range) / range.squares * Count(range);
  const double most = std::min(samples / options.look_closer_samples, 1 / min_share);
  const unsigned parts = static_cast<unsigned>(std::min(static_cast<double>(used), most));
  for (unsigned part = 1; part < parts; ++part) cuts.bins[cuts.count++] = part * used / parts;
  cuts.gain = 1;
  return cuts;
}

}  // namespace hypertier::ranges
