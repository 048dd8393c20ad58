// SPDX-License-Identifier: Apache-2.0
//
// What holds for any sequence of calls (operations.h says what is checked), tried on random ones; rapidcheck shrinks
// one that fails. tests/fuzz/classifier_fuzz.cc searches for others.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string_view>
#include <vector>

#include "guest-agent/ranges/operations.h"

namespace hypertier::ranges {
namespace {

std::string_view View(const std::vector<std::uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

RC_GTEST_PROP(ClassifierProperty, AnyCallsKeepEveryPromise, ()) {
  const auto bytes = *rc::gen::resize(2000, rc::gen::arbitrary<std::vector<std::uint8_t>>());
  Operations operations;
  const absl::Status status = operations.Run(View(bytes));
  if (!status.ok()) RC_FAIL(std::string(status.message()));
}

RC_GTEST_PROP(ClassifierProperty, EqualCallsGiveEqualPlans, ()) {
  const auto bytes = *rc::gen::resize(2000, rc::gen::arbitrary<std::vector<std::uint8_t>>());
  Operations first;
  // Something else in between, so that addresses of objects differ.
  const std::vector<int> noise(bytes.size() * 7 % 1000);
  Operations second;
  RC_ASSERT(first.Run(View(bytes)).ok());
  RC_ASSERT(second.Run(View(bytes)).ok());
  RC_ASSERT(first.plans() == second.plans());
}

// Any cuts and joins, in any order, leave the sum of the rates as it was.
RC_GTEST_PROP(RangeSetProperty, CutsAndJoinsConserveTheRate, ()) {
  RangeSet ranges(64, 64, Seconds(4));
  Time now{std::chrono::hours(1)};
  ranges.Advance(now);
  constexpr ProcessId kProcess{1};
  ranges.SetAreas(kProcess, {{{Bytes::GiB(1).count(), Bytes::GiB(2).count()}}});
  const auto total = [&ranges] {
    double sum = 0;
    ranges.ForEach([&](const Range& range) { sum += Rate(range, ranges.decay()); });
    return sum;
  };
  const auto seeds = *rc::gen::container<std::vector<std::uint32_t>>(40, rc::gen::arbitrary<std::uint32_t>());
  for (const std::uint32_t seed : seeds) {
    now += std::chrono::milliseconds(seed % 1000);
    ranges.Advance(now);
    const Sample sample{kProcess, Bytes::GiB(1).count() + seed % Bytes::GiB(1).count(), seed % 5000};
    ranges.Record(std::vector<Sample>(seed % 9, sample));
    const Range picked = *ranges.Find(kProcess, sample.address);
    const double before = total();
    if (seed % 3 == 0 && BinsUsed(picked) > 1 && ranges.room() > 0) {
      const unsigned bin = 1 + seed % (BinsUsed(picked) - 1);
      ranges.Split(kProcess, picked.start, std::vector<unsigned>{bin}, now);
    } else if (const std::vector<Boundary> boundaries = ranges.Boundaries(); seed % 3 == 1 && !boundaries.empty()) {
      ranges.Join({boundaries[seed % boundaries.size()]});
    }
    RC_ASSERT(std::abs(total() - before) <= 1e-9 * (before + 1));
    RC_ASSERT(ranges.Verify().ok());
  }
}

}  // namespace
}  // namespace hypertier::ranges
