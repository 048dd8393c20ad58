// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/change.h"

#include <algorithm>
#include <cmath>

namespace hypertier::ranges {
namespace {

constexpr double kFactor = 4;
constexpr double kAlarm = 10;
constexpr double kActivitySeconds = 1;
constexpr double kUsualSeconds = 15;

// Weight of what is new after so long in a mean over `constant`.
double Mix(double seconds, double constant) {
  return -std::expm1(-seconds / constant);
}

// Programs alternate between parts of their memory many times a second; that is no change of what is hot.
constexpr Seconds kLeast{1.0};

// Adds `evidence` to `drift`; true when the range has changed.
bool Grow(Range::Drift& drift, double evidence, double count, Time now) {
  drift.likelihood += evidence;
  if (drift.likelihood > 0) return drift.likelihood >= kAlarm && now - drift.onset >= kLeast;
  drift = {0, count, now};
  return false;
}

// The observation of `range` begins where `drift` did.
void Restart(Range& range, const Range::Drift& drift, const Decay& decay, double sample) {
  range.older = std::max(0.0, range.seen - drift.count);
  range.bins = {};
  range.bins_since = decay.now();
  range.since = drift.onset;
  // One observation of about equal weights.
  range.squares = range.older * sample * decay.Scale();
  range.seen = range.older;
  range.rise = range.fall = {0, range.seen, decay.now()};
}

}  // namespace

std::size_t ChangeDetector::Update(RangeSet& ranges, double usual_sample) {
  const Decay& decay = ranges.decay();
  // Quiet times are none to the ranges (Decay), but say that nothing is accessed now.
  const double seconds = started_ ? Seconds(decay.clock() - last_clock_).count() : 0;
  const double counted = started_ ? Seconds(decay.now() - last_).count() : 0;
  last_clock_ = decay.clock();
  last_ = decay.now();
  started_ = true;

  double came = 0;
  double known = 0;
  ranges.ForEach([&](const Range& range) {
    came += Count(range) - range.seen;
    known += Rate(range, decay);
  });
  came /= decay.Scale();
  if (seconds <= 0) {
    rate_ = known;
    return 0;
  }
  const double now = came / seconds;
  const double against_known = known > 0 ? now / known : 1;
  const double against_usual = usual_ > 0 ? now / usual_ : 1;
  const double busier = std::max(1.0, std::min(against_known, against_usual));
  const double quieter = std::min(1.0, std::max(against_known, against_usual));
  usual_ = usual_ > 0 ? usual_ + Mix(seconds, kUsualSeconds) * (now - usual_) : now;
  activity_ += Mix(seconds, kActivitySeconds) * (against_known - activity_);
  rate_ = known * activity_;

  std::size_t changed = 0;
  ranges.ForEach([&](Range& range) {
    const double count = Count(range);
    const double x = std::max(0.0, count - range.seen) / decay.Scale();
    const double expected = Rate(range, decay) * counted;
    const double sample = SampleWeight(range, decay, usual_sample);
    range.seen = count;
    if (!(sample > 0)) return;
    const double rise = (x * std::log(kFactor) - expected * busier * (kFactor - 1)) / sample;
    const double fall = (expected * quieter * (1 - 1 / kFactor) - x * std::log(kFactor)) / sample;
    const bool rose = Grow(range.rise, rise, count, decay.now());
    const bool fell = Grow(range.fall, fall, count, decay.now());
    if (!rose && !fell) return;
    Restart(range, rose ? range.rise : range.fall, decay, sample);
    // Where in it the accesses go now is not known.
    if (rose && range.end - range.start > kChunk.count()) range.born = decay.now();
    ++changed;
  });
  return changed;
}

}  // namespace hypertier::ranges
