// SPDX-License-Identifier: Apache-2.0
//
// The small parts of the mover: rate, pairs, pressure, and what the kernel's words mean.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "guest-agent/mover/migrate.h"
#include "guest-agent/mover/pairs.h"
#include "guest-agent/mover/pressure.h"
#include "guest-agent/mover/refusals.h"
#include "guest-agent/mover/token_bucket.h"
#include "guest-agent/system/cpu_budget.h"

namespace hypertier::agent {
namespace {

using ranges::kChunk;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Time = std::chrono::steady_clock::time_point;

TEST(TokenBucket, HoldsAFlowToItsRate) {
  TokenBucket bucket(Bytes::MiB(10), Bytes::MiB(20));
  Time now{};
  EXPECT_TRUE(bucket.HasAny(now));
  bucket.Take(now, Bytes::MiB(30));
  EXPECT_FALSE(bucket.HasAny(now + milliseconds(999)));
  EXPECT_TRUE(bucket.HasAny(now + milliseconds(1001)));
  now += std::chrono::hours(1);
  bucket.Take(now, Bytes::MiB(20));
  EXPECT_FALSE(bucket.HasAny(now));
  // Backwards.
  EXPECT_FALSE(bucket.HasAny(now - seconds(10)));
}

TEST(TokenBucket, ANewRateHoldsFromThenOnAndTheDebtStays) {
  TokenBucket bucket(Bytes::MiB(10), Bytes::MiB(20));
  const Time now{};
  bucket.SetRate(Bytes::MiB(1), Bytes::MiB(1));
  bucket.Take(now, Bytes::MiB(3));
  EXPECT_FALSE(bucket.HasAny(now + milliseconds(1999)));
  EXPECT_TRUE(bucket.HasAny(now + milliseconds(2001)));
}

TEST(CpuBudget, PausesAfterWhatWasCostly) {
  CpuBudget budget(0.01, milliseconds(10), milliseconds(50));
  Time now = Time(seconds(100));
  EXPECT_TRUE(budget.Ready(now));
  budget.Charge(now, milliseconds(20));
  EXPECT_FALSE(budget.Ready(now));
  EXPECT_EQ(std::chrono::round<milliseconds>(budget.ReadyAt() - now), seconds(1));
  EXPECT_TRUE(budget.Ready(budget.ReadyAt() + milliseconds(1)));
  // Forgiven beyond 50 ms, and never more than the burst.
  budget.Charge(now, seconds(10));
  EXPECT_LT(budget.ReadyAt() - now, seconds(7));
  EXPECT_EQ(budget.Credit(now + std::chrono::hours(1)), milliseconds(10));
  CpuBudget none(0, milliseconds(1), milliseconds(1));
  none.Charge(now, milliseconds(2));
  EXPECT_GE(none.ReadyAt(), now + std::chrono::hours(1000));
}

TEST(MakeLayout, SortsPagesByTier) {
  const std::vector<int> nodes = {0, 1, Migrator::kNoNode, 5, 1};
  const ChunkLayout layout = MakeLayout(0x40000000 + 4096, nodes, {0, 1}, true);
  EXPECT_EQ(layout.chunk, 0x40000000u);
  EXPECT_THAT(layout.pages.fmem(), ElementsAre(1));
  EXPECT_THAT(layout.pages.smem(), ElementsAre(2, 5));
  EXPECT_FALSE(layout.huge);
  EXPECT_TRUE(MakeLayout(0x40000000, std::vector<int>(512, 1), {0, 1}, true).huge);
  // More than a chunk has.
  EXPECT_EQ(MakeLayout(0x40000000 + 4096, std::vector<int>(512, 1), {0, 1}, true).pages.smem().size(), 511u);
}

TEST(TakePairs, PairsSmallPagesUntilOneSideIsOut) {
  ChunkLayout hot = MakeLayout(0, std::vector<int>{1, 1, 0, 1}, {0, 1}, false);
  ChunkLayout cold = MakeLayout(0, std::vector<int>{1, 0, 0, 0, 0, 0}, {0, 1}, false);
  EXPECT_THAT(TakePairs(hot, cold, Bytes::KiB(8)).pairs, ElementsAre(PagePair{0, 1}, PagePair{1, 2}));
  EXPECT_THAT(TakePairs(hot, cold, kChunk).pairs, ElementsAre(PagePair{3, 3}));
  EXPECT_THAT(TakePairs(hot, cold, kChunk).pairs, IsEmpty());
  EXPECT_THAT(cold.pages.fmem(), ElementsAre(4, 5));
  EXPECT_THAT(hot.pages.fmem(), ElementsAre(2));
}

TEST(TakePairs, TakesHugePagesWholeOrNotAtAll) {
  const ChunkLayout slow = MakeLayout(0, std::vector<int>(512, 1), {0, 1}, true);
  const ChunkLayout fast = MakeLayout(0, std::vector<int>(512, 0), {0, 1}, true);
  ChunkLayout hot = slow;
  ChunkLayout cold = fast;
  EXPECT_EQ(TakePairs(hot, cold, Bytes::KiB(1020)).kind, PairKind::kMixed);
  EXPECT_EQ(hot.pages.smem().size(), 512u);
  const Pairs pairs = TakePairs(hot, cold, Bytes::MiB(1));
  EXPECT_EQ(pairs.kind, PairKind::kHuge);
  EXPECT_THAT(pairs.pairs, ElementsAre(PagePair{0, 0}));
  EXPECT_THAT(hot.pages.smem(), IsEmpty());
  hot = slow;
  cold = fast;
  cold.huge = false;
  EXPECT_EQ(TakePairs(hot, cold, kChunk).kind, PairKind::kMixed);
}

TEST(ParsePressure, ReadsTheKernelsFormOnly) {
  const auto figures = ParsePressure("some avg10=12.34 avg60=0.00 avg300=0.00 total=777\nfull avg10=99.00 total=1\n");
  ASSERT_TRUE(figures.has_value());
  EXPECT_EQ(figures->last_10s, 0.12);
  EXPECT_EQ(figures->total.count(), 777);
  for (const char* bad :
       {"", "full avg10=0.00 total=1", "some", "some avg10= total=1", "some avg10=101.0 total=1",
        "some avg10=-1 total=1", "some avg10=1.0 total=", "some avg10=1.0 total=99999999999999999999"}) {
    EXPECT_FALSE(ParsePressure(bad).has_value()) << bad;
  }
}

TEST(Pressure, IsHighWhileProgramsWaitForMemory) {
  char path[] = "/tmp/hypertier-agent-XXXXXX";
  close(mkstemp(path));
  const auto write = [&path](const char* average, int total) {
    std::ofstream(path) << "some avg10=" << average << " avg60=0.00 avg300=0.00 total=" << total << "\n";
  };
  write("0.00", 1000000);
  Pressure pressure(path);
  Time now = Time(seconds(100));
  EXPECT_FALSE(pressure.High(now));
  write("0.00", 1200000);
  // Too soon to tell.
  EXPECT_FALSE(pressure.High(now + milliseconds(100)));
  EXPECT_TRUE(pressure.High(now + seconds(1)));
  EXPECT_FALSE(pressure.High(now + seconds(2)));
  write("11.00", 1200000);
  EXPECT_TRUE(pressure.High(now + seconds(60)));
  EXPECT_FALSE(pressure.High(now + seconds(61)));
  std::filesystem::remove(path);
  EXPECT_FALSE(Pressure("/nonexistent").High(now));
}

TEST(Migrate, KnowsTheKernelsWords) {
  EXPECT_EQ(PageResultOf(1, 1), MoveResult::kOk);
  EXPECT_EQ(PageResultOf(0, 1), MoveResult::kBusy);
  EXPECT_EQ(PageResultOf(-ENOENT, 1), MoveResult::kNotPresent);
  EXPECT_EQ(PageResultOf(-EACCES, 1), MoveResult::kShared);
  EXPECT_EQ(PageResultOf(-ENOMEM, 1), MoveResult::kNoMemory);
  EXPECT_EQ(PageResultOf(-12345, 1), MoveResult::kOther);
  EXPECT_EQ(CallResultOf(ESRCH), MoveResult::kNoProcess);
  EXPECT_EQ(CallResultOf(EACCES), MoveResult::kForbidden);
}

TEST(Migrate, FindsPagesOfThisProcess) {
  constexpr std::size_t kPages = 4;
  void* memory = mmap(nullptr, kPages * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  static_cast<char*>(memory)[4096] = 1;
  std::vector<ranges::Address> pages(kPages);
  for (std::size_t i = 0; i < kPages; ++i) pages[i] = reinterpret_cast<std::uintptr_t>(memory) + i * 4096;
  std::vector<int> nodes(kPages);
  SystemMigrator migrator;
  const MoveResult result = migrator.Query(getpid(), pages, nodes);
  if (result == MoveResult::kOther) GTEST_SKIP() << "this kernel is built without CONFIG_MIGRATION";
  ASSERT_EQ(result, MoveResult::kOk);
  EXPECT_GE(nodes[1], 0);
  EXPECT_EQ(nodes[3], Migrator::kNoNode);
  std::vector<MoveResult> results(kPages);
  ASSERT_EQ(migrator.Move(getpid(), pages, nodes[1], results), MoveResult::kOk);
  EXPECT_EQ(results[1], MoveResult::kOk);
  EXPECT_NE(results[3], MoveResult::kOk);
  EXPECT_EQ(migrator.Query(0x7fffffff, pages, nodes), MoveResult::kNoProcess);
  EXPECT_EQ(migrator.Query(getpid(), pages, std::span(nodes).first(2)), MoveResult::kOther);
  munmap(memory, kPages * 4096);
}

TEST(Refusals, EachPageHasOneReason) {
  MoverStats stats;
  stats.refused_exchanges.fill(1);
  stats.refused_moves.fill(1);
  const auto pages = RefusalsOf(stats);
  EXPECT_EQ(std::accumulate(pages.begin(), pages.end(), std::uint64_t{0}), stats.refused_pages());
  for (std::size_t reason = 0; reason < kRefusals; ++reason) EXPECT_GT(pages[reason], 0u) << kRefusalNames[reason];
}

TEST(Refusals, ManyReasonsAreFew) {
  const auto of_exchange = [](std::size_t status) {
    MoverStats stats;
    stats.refused_exchanges[status] = 1;
    const auto pages = RefusalsOf(stats);
    return kRefusalNames[static_cast<std::size_t>(std::find(pages.begin(), pages.end(), 1) - pages.begin())];
  };
  const auto of_move = [](MoveResult result) {
    MoverStats stats;
    stats.refused_moves[static_cast<std::size_t>(result)] = 1;
    const auto pages = RefusalsOf(stats);
    return kRefusalNames[static_cast<std::size_t>(std::find(pages.begin(), pages.end(), 1) - pages.begin())];
  };
  EXPECT_EQ(of_exchange(HYPERPLACE_BUSY), "busy");
  EXPECT_EQ(of_exchange(HYPERPLACE_PINNED), "pinned");
  EXPECT_EQ(of_exchange(HYPERPLACE_SHARED), "shared");
  EXPECT_EQ(of_exchange(HYPERPLACE_NOT_PRESENT), "absent");
  EXPECT_EQ(of_exchange(HYPERPLACE_POLICY), "forbidden");
  EXPECT_EQ(of_exchange(HYPERPLACE_WRONG_NODE), "elsewhere");
  EXPECT_EQ(of_exchange(HYPERPLACE_CHANGED + 1), "other") << "a status that this agent does not know";
  EXPECT_EQ(of_move(MoveResult::kBusy), "busy");
  EXPECT_EQ(of_move(MoveResult::kShared), "shared");
  EXPECT_EQ(of_move(MoveResult::kUnmapped), "absent");
  EXPECT_EQ(of_move(MoveResult::kForbidden), "forbidden");
  EXPECT_EQ(of_move(MoveResult::kNoMemory), "no_memory");
}

}  // namespace
}  // namespace hypertier::agent
