// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/planner.h"

#include <gtest/gtest.h>

namespace hypertier::ranges {
namespace {

TierCapacity Tiers(std::uint64_t usable_mib, std::uint64_t free_mib, std::uint64_t watermark_mib,
                   std::uint64_t smem_free_mib = 1 << 20) {
  return {.fmem_usable = Bytes::MiB(usable_mib),
          .free = {Bytes::MiB(free_mib), Bytes::MiB(smem_free_mib)},
          .fmem_watermark = Bytes::MiB(watermark_mib)};
}

std::uint64_t MibOf(std::uint64_t pages) {
  return pages / 256;
}

TEST(ComputeRooms, CapacityIsWhatTheRangesHaveAndWhatIsFreeEachCountedOnce) {
  // Of 1000 MiB the kernel and others have 200, the ranges 500, 300 are free; 40 stay free.
  const Rooms rooms = ComputeRooms(Tiers(1000, 300, 40), Bytes(), 500 * 256, Options());
  EXPECT_EQ(MibOf(rooms.capacity), 500u + 300 - 40);
  EXPECT_EQ(rooms.demote, 0u);
  EXPECT_EQ(MibOf(rooms.promote), 300u - 40 - 4);
}

TEST(ComputeRooms, StaleResidencyDoesNotMakeMoreThanIsUsable) {
  EXPECT_EQ(MibOf(ComputeRooms(Tiers(1000, 300, 40), Bytes(), 5000 * 256, Options()).capacity), 960u);
}

TEST(ComputeRooms, ADemandIsVacatedOnTopOfTheWatermarkAsFarAsSmemReaches) {
  const Rooms rooms = ComputeRooms(Tiers(1000, 100, 40), Bytes::MiB(200), 800 * 256, Options());
  EXPECT_EQ(MibOf(rooms.demote), 140u);
  EXPECT_EQ(rooms.promote, 0u);
  EXPECT_EQ(MibOf(rooms.capacity), 800u + 100 - 240);
  EXPECT_EQ(MibOf(ComputeRooms(Tiers(1000, 100, 40, 50), Bytes::MiB(200), 800 * 256, Options()).demote), 50u);
}

TEST(ComputeRooms, BetweenWatermarkAndGapNothingMoves) {
  for (std::uint64_t free = 40; free <= 44; ++free) {
    const Rooms rooms = ComputeRooms(Tiers(1000, free, 40), Bytes(), 500 * 256, Options());
    EXPECT_EQ(rooms.demote, 0u) << free;
    EXPECT_EQ(rooms.promote, 0u) << free;
  }
}

TEST(ComputeRooms, NothingWrapsWhenFiguresContradictEachOther) {
  const Rooms rooms = ComputeRooms(Tiers(10, 100, 5000), Bytes::Max(), 7, Options());
  EXPECT_EQ(rooms.capacity, 0u);
  EXPECT_EQ(rooms.promote, 0u);
}

// Ranges of one chunk each with given pages and rate.
class RankingTest : public ::testing::Test {
 protected:
  void Add(double rate, std::uint32_t fmem, std::uint32_t smem) {
    Range& range =
        ranges_.emplace_back(MakeRange({1}, ranges_.size() << kChunkShift, (ranges_.size() + 1) << kChunkShift, {}));
    range.surveyed = range.end;
    range.pages = {fmem, smem};
    rates_.push_back(rate);
  }
  std::vector<Ranked> Ranking() {
    std::vector<Ranked> ranking;
    for (std::size_t i = 0; i < ranges_.size(); ++i) {
      ranking.push_back({.range = &ranges_[i], .rate = rates_[i], .density = rates_[i] / PlacedPages(ranges_[i])});
    }
    return ranking;
  }
  std::vector<Range> ranges_;
  std::vector<double> rates_;
};

TEST_F(RankingTest, HitRatioIsTheShareOfAccessesToFmem) {
  EXPECT_FALSE(HitRatio(Ranking()).has_value());
  Add(90, 256, 256);
  Add(10, 512, 0);
  EXPECT_DOUBLE_EQ(*HitRatio(Ranking()), 0.55);
}

TEST_F(RankingTest, TheCurveGivesSixteenPointsOfWhichTheLastIsEverything) {
  ranges_.reserve(1000);
  for (int i = 0; i < 1000; ++i) Add(1000.0 / (i + 1), 256, 256);
  const std::vector<CurvePoint> curve = HotnessCurve(Ranking());
  EXPECT_LE(curve.size(), kMaxCurvePoints);
  EXPECT_GE(curve.size(), 10u);
  EXPECT_EQ(curve.back(), (CurvePoint{Bytes::MiB(2000), 1.0}));
  for (std::size_t i = 1; i < curve.size(); ++i) {
    EXPECT_GT(curve[i].fmem, curve[i - 1].fmem);
    EXPECT_GT(curve[i].share, curve[i - 1].share);
  }
}

TEST_F(RankingTest, TheCurveOfAHotSetHasItsKneeThere) {
  ranges_.reserve(100);
  for (int i = 0; i < 100; ++i) Add(i < 10 ? 90 : 1, 0, 512);
  bool knee = false;
  for (const CurvePoint& point : HotnessCurve(Ranking())) {
    knee = knee || (point.fmem == Bytes::MiB(20) && point.share > 0.9);
  }
  EXPECT_TRUE(knee);
}

TEST_F(RankingTest, WithoutAccessesThereIsNoCurve) {
  Add(0, 512, 0);
  EXPECT_TRUE(HotnessCurve(Ranking()).empty());
}

}  // namespace
}  // namespace hypertier::ranges
