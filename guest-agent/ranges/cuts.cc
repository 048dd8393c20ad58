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
  void Segment(unsigned from, unsigned to, Cuts& cuts) const {
    const Evidence whole = Part(from, to);
    unsigned first = from;
    unsigned end = from;
    double most = 0;
    double gain = 0;
    for (unsigned start = from; start < to; ++start) {
      for (unsigned stop = start + 1; stop <= to; ++stop) {
        if (start == from && stop == to) continue;
        const Evidence run = Part(start, stop);
        const Evidence rest{whole.amount - run.amount, unit_, whole.pages - run.pages};
        const Evidence& hot = run.density() > rest.density() ? run : rest;
        const double errors = StandardErrors(run, rest);
        if (errors < options_.split_confidence || errors <= most || hot.amount < kMinSamples * unit_) continue;
        const double contrast = Contrast(run, rest) / counts_[used_];
        if (contrast < min_gain_) continue;
        first = start;
        end = stop;
        most = errors;
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
