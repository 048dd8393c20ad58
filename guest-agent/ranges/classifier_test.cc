// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/classifier.h"

#include <gtest/gtest.h>

#include <vector>

#include "guest-agent/ranges/test_memory.h"

namespace hypertier::ranges {
namespace {

class ClassifierTest : public ::testing::Test {
 protected:
  explicit ClassifierTest(const Options& options = {}) : options_(options), classifier_(*Classifier::Create(options)) {}

  void Map(std::vector<AddressSpan> mappings, ProcessId process = kProcess) {
    const absl::Status status = classifier_.SetMappings(now_, process, mappings);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  void Resident(std::uint64_t from, std::uint64_t to, PerTier<Bytes> each) {
    std::vector<ChunkResidency> chunks;
    for (std::uint64_t i = from; i < to; ++i) chunks.push_back({Chunk(i), each});
    ASSERT_TRUE(classifier_.SetResidency(now_, kProcess, {Chunk(from), Chunk(to)}, chunks).ok());
  }
  void Tiers(std::uint64_t free_mib) {
    classifier_.SetCapacity({.fmem_usable = Bytes::GiB(4),
                             .free = {Bytes::MiB(free_mib), Bytes::GiB(8)},
                             .fmem_watermark = Bytes::MiB(16)});
  }
  Plan Access(Seconds time, std::uint64_t from, std::uint64_t to, int per_tick) {
    Plan plan;
    std::vector<Sample> samples;
    for (std::uint64_t i = from; i < to; ++i) {
      for (int n = 0; n < per_tick; ++n) samples.push_back({kProcess, Chunk(i), 4093});
    }
    for (int tick = 0; tick < time.count() * 20; ++tick) {
      now_ += std::chrono::milliseconds(50);
      classifier_.Ingest(now_, samples);
      if (tick % 5 == 4) plan = classifier_.MakePlan(now_);
    }
    return plan;
  }

  Options options_;
  Classifier classifier_;
  Time now_{std::chrono::hours(1)};
};

TEST_F(ClassifierTest, PairsTheHottestSlowChunkWithTheColdestFastOne) {
  Map({{Chunk(0), Chunk(64)}});
  Resident(0, 32, {kChunk, Bytes()});
  Resident(32, 64, {Bytes(), kChunk});
  Tiers(16);
  for (int i = 0; i < 10; ++i) {
    Access(Seconds(0.25), 40, 42, 20);
    Access(Seconds(0.25), 50, 52, 5);
    Access(Seconds(0.25), 0, 30, 10);
  }
  const Plan plan = classifier_.MakePlan(now_);
  ASSERT_GE(plan.exchanges.size(), 2u);
  EXPECT_EQ(plan.exchanges[0].hot, (ChunkPart{kProcess, Chunk(40), kChunk}));
  EXPECT_EQ(plan.exchanges[1].hot, (ChunkPart{kProcess, Chunk(41), kChunk}));
  EXPECT_GE(plan.exchanges[0].cold.address, Chunk(30));
  EXPECT_EQ(plan.exchanges[0].amount, kChunk);
  EXPECT_TRUE(plan.promotions.empty());
  EXPECT_TRUE(plan.demotions.empty());
}

TEST_F(ClassifierTest, ChunksOfBothTiersArePairedPageForPage) {
  Map({{Chunk(0), Chunk(8)}});
  Resident(0, 1, {Bytes(), kChunk});
  Resident(1, 8, {Bytes::MiB(1), Bytes()});
  Tiers(16);
  const Plan plan = Access(Seconds(3), 0, 1, 20);
  ASSERT_EQ(plan.exchanges.size(), 2u);
  for (const Exchange& exchange : plan.exchanges) {
    EXPECT_EQ(exchange.hot.address, Chunk(0));
    EXPECT_EQ(exchange.amount, Bytes::MiB(1));
  }
  EXPECT_NE(plan.exchanges[0].cold, plan.exchanges[1].cold);
}

TEST_F(ClassifierTest, FreeFmemIsFilledWithTheHottestDownToTheGap) {
  Map({{Chunk(0), Chunk(64)}});
  Resident(0, 64, {Bytes(), kChunk});
  Tiers(16 + 2 + 20);
  const Plan plan = Access(Seconds(3), 30, 50, 10);
  ASSERT_EQ(plan.promotions.size(), 10u);
  for (const Move& move : plan.promotions) {
    EXPECT_GE(move.part.address, Chunk(30));
    EXPECT_LT(move.part.address, Chunk(50));
  }
  EXPECT_TRUE(plan.exchanges.empty());
}

TEST_F(ClassifierTest, ADemandIsMetFromTheColdestAndOnlyWhileItStands) {
  Map({{Chunk(0), Chunk(64)}});
  Resident(0, 64, {kChunk, Bytes()});
  Tiers(16);
  classifier_.SetDemand(Bytes::MiB(20));
  Plan plan = Access(Seconds(3), 0, 40, 10);
  ASSERT_EQ(plan.demotions.size(), 10u);
  for (const Move& move : plan.demotions) EXPECT_GE(move.part.address, Chunk(40));
  classifier_.SetDemand(Bytes());
  EXPECT_TRUE(classifier_.MakePlan(now_).demotions.empty());
}

TEST_F(ClassifierTest, ADemandIsMetWithoutASingleSample) {
  Map({{Chunk(0), Chunk(64)}});
  Resident(0, 64, {kChunk, Bytes()});
  Tiers(10);
  classifier_.SetDemand(Bytes::MiB(3));
  Bytes sum;
  for (const Move& move : classifier_.MakePlan(now_).demotions) sum += move.amount;
  EXPECT_EQ(sum, Bytes::MiB(9));
}

TEST_F(ClassifierTest, NewMappingsAreHeldBack) {
  Map({{Chunk(0), Chunk(64)}});
  Resident(0, 32, {kChunk, Bytes()});
  Resident(32, 64, {Bytes(), kChunk});
  Tiers(16);
  EXPECT_TRUE(Access(Seconds(0.25), 32, 36, 50).exchanges.empty());
  EXPECT_FALSE(Access(Seconds(2), 32, 36, 50).exchanges.empty());
}

TEST_F(ClassifierTest, NothingIsMovedWhoseResidencyIsUnknownAndItIsAskedForHottestFirst) {
  Map({{Chunk(0), Chunk(640)}});
  Tiers(1000);
  const Plan plan = Access(Seconds(3), 600, 610, 10);
  EXPECT_TRUE(plan.promotions.empty());
  ASSERT_FALSE(plan.surveys.empty());
  EXPECT_LE(plan.surveys[0].span.start, Chunk(610));
  EXPECT_GT(plan.surveys[0].span.end, Chunk(600));
}

TEST_F(ClassifierTest, AChunkThatCannotBeMovedIsLeftOutForAWhile) {
  Map({{Chunk(0), Chunk(8)}});
  Resident(0, 8, {Bytes(), kChunk});
  Tiers(1000);
  EXPECT_EQ(Access(Seconds(2), 0, 8, 10).promotions.size(), 8u);
  classifier_.Defer(now_, kProcess, Chunk(3) + 12345);
  const Plan plan = classifier_.MakePlan(now_);
  EXPECT_EQ(plan.promotions.size(), 7u);
  for (const Move& move : plan.promotions) EXPECT_NE(move.part.address, Chunk(3));
  EXPECT_EQ(Access(Seconds(11), 0, 8, 10).promotions.size(), 8u);
}

TEST_F(ClassifierTest, MovesAreClippedToTheMappings) {
  Map({{Chunk(0) + 0x3000, Chunk(1)}, {Chunk(1), Chunk(2) + 0x5000}});
  Resident(0, 3, {Bytes(), Bytes::KiB(16)});
  Tiers(1000);
  const Plan plan = Access(Seconds(2), 1, 3, 10);
  for (const Move& move : plan.promotions) {
    EXPECT_GE(move.part.address, Chunk(0) + 0x3000);
    EXPECT_LE(move.part.address + move.part.length.count(), Chunk(2) + 0x5000);
  }
  EXPECT_FALSE(plan.promotions.empty());
}

TEST_F(ClassifierTest, AGrowingHeapDoesNotForgetWhatItWas) {
  Map({{Chunk(0), Chunk(100)}});
  Resident(0, 100, {kChunk, Bytes()});
  Access(Seconds(10), 0, 100, 3);
  const double before = classifier_.TotalRate();
  for (std::uint64_t chunks = 101; chunks < 140; ++chunks) {
    Map({{Chunk(0), Chunk(chunks)}});
    Access(Seconds(0.5), 0, 100, 3);
  }
  EXPECT_NEAR(classifier_.TotalRate(), before, before * 0.05);
  EXPECT_LT(classifier_.stats().range_count, 200u);
}

class TinyBudget : public ClassifierTest {
 protected:
  static Options Tiny() {
    Options options;
    options.range_budget = 16;
    options.max_processes = 3;
    return options;
  }
  TinyBudget() : ClassifierTest(Tiny()) {}
};

TEST_F(TinyBudget, TheLargestAreasOfAllProcessesAreKept) {
  std::vector<AddressSpan> small;
  for (std::uint64_t i = 0; i < 20; ++i) small.push_back({Chunk(10 * i), Chunk(10 * i + 1)});
  Map(small);
  EXPECT_EQ(classifier_.stats().range_count, 8u);
  EXPECT_EQ(classifier_.stats().uncovered, Bytes::MiB(24));
  Map({{Chunk(0), Chunk(100)}}, ProcessId{2});
  EXPECT_EQ(classifier_.stats().range_count, 8u);
  bool covered = false;
  for (const RangeView& view : classifier_.Ranges()) covered = covered || view.process == ProcessId{2};
  EXPECT_TRUE(covered);
  EXPECT_TRUE(classifier_.Verify().ok());
}

TEST_F(TinyBudget, RoomIsMadeWhereItMattersLess) {
  Map({{Chunk(0), Chunk(4096)}});
  // Twelve lukewarm spots use the budget up, then a hot one comes.
  for (int i = 0; i < 40; ++i) {
    for (std::uint64_t spot = 0; spot < 12; ++spot) Access(Seconds(0.05), spot * 300, spot * 300 + 1, 2);
    Access(Seconds(0.25), 4000, 4001, 100);
  }
  const std::vector<RangeView> views = classifier_.Ranges();
  EXPECT_LE(views.size(), 16u);
  const auto hottest = std::max_element(views.begin(), views.end(),
                                        [](const RangeView& a, const RangeView& b) { return a.density < b.density; });
  EXPECT_EQ(hottest->span, (AddressSpan{Chunk(4000), Chunk(4001)}));
}

TEST_F(TinyBudget, OneProcessTooManyIsRefusedAndSaysWhatToDo) {
  for (std::uint64_t i = 0; i < 3; ++i) Map({{Chunk(0), Chunk(1)}}, ProcessId{i});
  const std::vector<AddressSpan> mappings = {{Chunk(0), Chunk(1)}};
  const absl::Status status = classifier_.SetMappings(now_, ProcessId{9}, mappings);
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_NE(std::string(status.message()).find("max_processes"), std::string::npos);
  Map({{Chunk(0), Chunk(2)}}, ProcessId{2});
}

}  // namespace
}  // namespace hypertier::ranges
