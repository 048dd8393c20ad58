// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <thread>
#include <vector>

#include "tests/lab/workloads/histogram.h"
#include "tests/lab/workloads/options.h"
#include "tests/lab/workloads/random.h"
#include "tests/lab/workloads/team.h"

namespace lab {
namespace {

TEST(TeamTest, EveryPieceIsDoneOnce) {
  for (const unsigned threads : {1u, 2u, 7u}) {
    Team team(threads);
    std::vector<std::atomic<int>> done(1000);
    team.ForEach(done.size(), [&](unsigned, uint64_t piece) { done[piece]++; });
    for (const auto& count : done) EXPECT_EQ(count, 1);
  }
}

TEST(TeamTest, AnIdleThreadTakesOverTheWorkOfABusyOne) {
  Team team(2);
  std::atomic<uint64_t> by_other = 0, left = 100;
  // Thread 0 is stuck in its first piece until everything else is done; its other 49 pieces must be stolen.
  team.ForEach(100, [&](unsigned thread, uint64_t piece) {
    by_other += thread == 1;
    if (piece == 0) {
      while (left != 1) std::this_thread::yield();
    }
    left--;
  });
  EXPECT_GE(by_other, 98);
}

TEST(TeamTest, ItsThreadsStayFromOneCallToTheNext) {
  Team team(2);
  // The kernel's numbers: the library's may be used again at once.
  pid_t first[2], second[2];
  team.Run([&](unsigned thread) { first[thread] = gettid(); });
  team.Run([&](unsigned thread) { second[thread] = gettid(); });
  EXPECT_NE(first[0], first[1]);
  EXPECT_EQ(first[0], second[0]);
  EXPECT_EQ(first[1], second[1]);
}

TEST(ZipfTest, FrequenciesFollowTheLaw) {
  const Zipf zipf(100, 1.0);
  Random random(1, 1);
  std::vector<int> drawn(100);
  constexpr int kDraws = 1000000;
  for (int i = 0; i < kDraws; i++) drawn[zipf.Draw(random)]++;
  constexpr double kHarmonic = 5.187377517639621;  // of 100
  for (const int rank : {0, 1, 9, 99}) {
    const double expected = kDraws / kHarmonic / (rank + 1);
    EXPECT_NEAR(drawn[static_cast<size_t>(rank)], expected, expected * 0.05) << rank;
  }
}

TEST(RandomTest, ShufflingKeepsEachNumberAndDependsOnTheSeedOnly) {
  std::vector<uint32_t> order = Shuffled(1000, 5);
  EXPECT_EQ(order, Shuffled(1000, 5));
  EXPECT_NE(order, Shuffled(1000, 6));
  std::sort(order.begin(), order.end());
  for (uint32_t i = 0; i < 1000; i++) EXPECT_EQ(order[i], i);
}

TEST(HistogramTest, PercentilesAreRightToSixPercent) {
  Histogram histogram;
  EXPECT_EQ(histogram.Percentile(0.5), 0);
  for (uint64_t i = 1; i <= 100000; i++) histogram.Add(i);
  EXPECT_NEAR(static_cast<double>(histogram.Percentile(0.5)), 50000, 50000 / 16.0);
  EXPECT_NEAR(static_cast<double>(histogram.Percentile(0.99)), 99000, 99000 / 16.0);
  EXPECT_EQ(Histogram().Percentile(1), 0);
}

TEST(HistogramTest, SmallValuesAreExact) {
  for (uint64_t value = 0; value < 32; value++) {
    Histogram histogram;
    histogram.Add(value);
    EXPECT_EQ(histogram.Percentile(1), value);
  }
}

TEST(OptionsTest, TakesSuffixesAndRefusesTheRest) {
  const char* words[] = {"program", "--bytes", "64K", "--share", "0.25", "--bad", "12X"};
  Options options(7, const_cast<char**>(words), "");
  EXPECT_EQ(options.Number("bytes", 1), 65536);
  EXPECT_EQ(options.Number("other", 7), 7);
  EXPECT_DOUBLE_EQ(options.Fraction("share", 1), 0.25);
  EXPECT_EXIT(options.Number("bad", 1), testing::ExitedWithCode(2), "a number of at least");
  EXPECT_EXIT(options.CheckAll(), testing::ExitedWithCode(2), "unknown option --bad");
}

}  // namespace
}  // namespace lab
