// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/range.h"

#include <gtest/gtest.h>

#include <numeric>

#include "guest-agent/ranges/cuts.h"
#include "guest-agent/ranges/test_memory.h"

namespace hypertier::ranges {
namespace {

Address Chunks(std::uint64_t count) {
  return count << kChunkShift;
}

class RangeTest : public ::testing::Test {
 protected:
  RangeTest() : decay_(Seconds(16)) { decay_.Advance(now_); }
  void Pass(Seconds time) { decay_.Advance(now_ += std::chrono::duration_cast<Time::duration>(time)); }
  // Samples of weight 100 in each bin of a fully resident range.
  Range Sampled(std::uint64_t chunks, std::initializer_list<int> samples) {
    Range range = MakeRange(kProcess, kBase, kBase + Chunks(chunks), now_);
    range.surveyed = range.start;
    unsigned bin = 0;
    for (const int count : samples) {
      range.bins[bin++] = count * 100.0 * decay_.Scale();
      range.squares += count * 100.0 * 100.0 * decay_.Scale() * decay_.Scale();
    }
    return range;
  }

  Time now_{std::chrono::hours(5)};
  Decay decay_;
};

TEST_F(RangeTest, FiveToEightAlignedBinsCoverARangeOfAnyLength) {
  for (std::uint64_t chunks = 1; chunks < 3000; ++chunks) {
    const Range range = MakeRange(kProcess, kBase, kBase + Chunks(chunks), now_);
    const unsigned used = BinsUsed(range);
    EXPECT_LE(used, Range::kBins);
    EXPECT_GE(used, std::min<std::uint64_t>(chunks, 5)) << chunks;
    EXPECT_EQ(BinStart(range, 0), range.start);
    EXPECT_EQ(BinStart(range, used), range.end);
    for (unsigned bin = 0; bin < used; ++bin) {
      EXPECT_EQ(ChunkDown(BinStart(range, bin)), BinStart(range, bin));
      EXPECT_LT(BinStart(range, bin), BinStart(range, bin + 1));
    }
  }
}

TEST_F(RangeTest, CutsConserveTheRateAndFollowTheBins) {
  Range range = Sampled(64, {1, 0, 50, 3, 7, 7, 0, 9});
  Pass(Seconds(3));
  range.older = 12345 * decay_.Scale();
  range.bins_since = range.since + std::chrono::seconds(1);
  const double whole = Rate(range, decay_);
  double sum = 0;
  for (const auto& [from, to] : {std::pair{0u, 2u}, {2u, 3u}, {3u, 8u}}) {
    const Range child = Child(range, from, to, decay_);
    sum += Rate(child, decay_);
    EXPECT_EQ(child.start, BinStart(range, from));
    EXPECT_EQ(child.end, BinStart(range, to));
  }
  EXPECT_NEAR(sum, whole, whole * 1e-12);
  EXPECT_NEAR(Rate(Child(range, 2, 3, decay_), decay_), whole * 50 / 77, whole * 1e-12);
}

TEST_F(RangeTest, JoiningConservesTheRateWhateverTheAges) {
  Range left = Sampled(8, {10, 10, 10});
  Pass(Seconds(30));
  Range right = MakeRange(kProcess, left.end, left.end + Chunks(3), now_);
  right.bins[1] = 400 * decay_.Scale();
  right.squares = 400 * 100 * decay_.Scale() * decay_.Scale();
  Pass(Seconds(0.5));
  const double sum = Rate(left, decay_) + Rate(right, decay_);
  const Range both = Join(left, right, decay_);
  EXPECT_NEAR(Rate(both, decay_), sum, sum * 1e-12);
  EXPECT_EQ(both.start, left.start);
  EXPECT_EQ(both.end, right.end);
}

TEST_F(RangeTest, DrawingOutAShortObservationAddsNoCertainty) {
  Range longer = Sampled(8, {40});
  Pass(Seconds(20));
  Range brief = MakeRange(kProcess, longer.end, longer.end + Chunks(8), now_);
  brief.bins[0] = 100 * decay_.Scale();
  brief.squares = 100 * 100 * decay_.Scale() * decay_.Scale();
  Pass(Seconds(0.25));
  const Evidence both = RateEvidence(Join(longer, brief, decay_), decay_, 100);
  EXPECT_LE(both.samples(), RateEvidence(longer, decay_, 100).samples() + RateEvidence(brief, decay_, 100).samples());
}

TEST_F(RangeTest, ClippingKeepsTheShareOfWhatStays) {
  const Range range = Sampled(8, {1, 2, 3, 4, 5, 6, 7, 8});
  const Range part = Clip(range, range.start + Chunks(2), range.start + Chunks(5));
  EXPECT_DOUBLE_EQ(Count(part) / decay_.Scale(), (3 + 4 + 5) * 100);
  EXPECT_EQ(part.since, range.since);
}

TEST_F(RangeTest, ASteadyRateIsReadRightFromTheFirstSecond) {
  Range range = MakeRange(kProcess, kBase, kBase + Chunks(1), now_);
  for (int tick = 1; tick <= 2000; ++tick) {
    Pass(Seconds(0.05));
    range.bins[0] += 50 * decay_.Scale();
    decay_.Sampled();
    if (tick >= 20) {
      EXPECT_NEAR(Rate(range, decay_), 1000, 30) << tick;
    }
  }
}

TEST_F(RangeTest, UnsurveyedMemoryCountsAsResidentAndEmptyMemoryHardly) {
  Range range = MakeRange(kProcess, kBase, kBase + Chunks(4), now_);
  EXPECT_EQ(PlacedPages(range), 4 * 512);
  range.surveyed = range.end;
  EXPECT_EQ(PlacedPages(range), 1);
  range.pages = {100, 12};
  EXPECT_EQ(PlacedPages(range), 112);
  EXPECT_DOUBLE_EQ(ComparedPages(range), 112 + 4 * 512 / 64.0);
}

class CutsTest : public RangeTest {
 protected:
  std::vector<unsigned> Cut(const Range& range, double min_gain = 0) {
    const Cuts cuts = FindCuts(range, Options(), min_gain);
    return {cuts.bins.begin(), cuts.bins.begin() + cuts.count};
  }
};

TEST_F(CutsTest, FindsExactlyWhereTheDensityDiffers) {
  EXPECT_EQ(Cut(Sampled(64, {2, 2, 2, 90, 2, 2, 2, 2})), (std::vector<unsigned>{3, 4}));
  EXPECT_EQ(Cut(Sampled(64, {0, 0, 0, 0, 0, 0, 0, 40})), (std::vector<unsigned>{7}));
  EXPECT_EQ(Cut(Sampled(64, {60, 60, 60, 2, 2, 2, 60, 60})), (std::vector<unsigned>{3, 6}));
  EXPECT_EQ(Cut(Sampled(64, {900, 900, 300, 300, 100, 100, 1, 1})), (std::vector<unsigned>{2, 4, 6}));
}

TEST_F(CutsTest, ASmallHotSpotBesideALargeWarmOneIsFound) {
  // Raw counts are alike; the last bin is one chunk, the others are eight.
  const Range range = Sampled(57, {100, 100, 100, 100, 100, 100, 100, 100});
  ASSERT_EQ(BinStart(range, 8) - BinStart(range, 7), kChunk.count());
  EXPECT_EQ(Cut(range), (std::vector<unsigned>{7}));
}

TEST_F(CutsTest, ChanceAndAHandfulOfSamplesCutNothing) {
  EXPECT_TRUE(Cut(Sampled(64, {9, 12, 15, 8, 11, 14, 10, 9})).empty());
  EXPECT_TRUE(Cut(Sampled(64, {0, 0, 5, 0, 0, 0, 0, 0})).empty());
  EXPECT_TRUE(Cut(Sampled(1, {1000})).empty());
  EXPECT_TRUE(Cut(Sampled(64, {})).empty());
  // Nor does a handful in a part of what was cut.
  EXPECT_EQ(Cut(Sampled(64, {900, 900, 900, 900, 0, 0, 0, 7})), (std::vector<unsigned>{4}));
  EXPECT_EQ(Cut(Sampled(64, {900, 900, 900, 900, 0, 0, 0, 16})), (std::vector<unsigned>{4, 7}));
}

TEST_F(CutsTest, ACutMustGainEnough) {
  // Of 104 accesses, the bin that differs has 77 more than an eighth, which is 88 more than an eighth of the others.
  const Range range = Sampled(64, {2, 2, 2, 90, 2, 2, 2, 2});
  EXPECT_EQ(Cut(range, 0.84), (std::vector<unsigned>{3, 4}));
  EXPECT_TRUE(Cut(range, 0.85).empty());
}

TEST_F(CutsTest, WeightsNotSamplesSayHowCertainItIs) {
  // The same accesses, of stores sampled 16 times more rarely than loads.
  Range rare = Sampled(64, {2, 2, 2, 20, 2, 2, 2, 2});
  const Range often = rare;
  rare.squares *= 16;
  EXPECT_FALSE(Cut(often).empty());
  EXPECT_TRUE(Cut(rare).empty());
}

TEST_F(CutsTest, LooksCloserAsFarAsSamplesReach) {
  Options options;
  options.look_closer_samples = 64;
  EXPECT_EQ(LookCloser(Sampled(64, {10, 10, 10, 10, 10, 10, 10, 10}), options, 0.01).count, 0u);
  EXPECT_EQ(LookCloser(Sampled(64, {20, 20, 20, 20, 20, 20, 20, 20}), options, 0.01).count, 1u);
  EXPECT_EQ(LookCloser(Sampled(64, {90, 90, 90, 90, 90, 90, 90, 90}), options, 0.01).count, 7u);
  EXPECT_EQ(LookCloser(Sampled(1, {9000}), options, 0.01).count, 0u);
}

}  // namespace
}  // namespace hypertier::ranges
