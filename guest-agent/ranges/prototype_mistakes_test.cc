// SPDX-License-Identifier: Apache-2.0
//
// What the classifier of the published prototype got wrong, one test each.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "guest-agent/ranges/classifier.h"
#include "guest-agent/ranges/test_memory.h"

namespace hypertier::ranges {
namespace {

class PrototypeMistakes : public ::testing::Test {
 protected:
  explicit PrototypeMistakes(const Options& options = {}) : classifier_(*Classifier::Create(options)) {}

  void Map(std::uint64_t chunks, ProcessId process = kProcess) {
    const std::vector<AddressSpan> mappings = {{Chunk(0), Chunk(chunks)}};
    ASSERT_TRUE(classifier_.SetMappings(now_, process, mappings).ok());
  }
  // Chunks [from, to) are all in `tier`; nothing else is resident there.
  void Resident(std::uint64_t from, std::uint64_t to, TierId tier, ProcessId process = kProcess) {
    std::vector<ChunkResidency> chunks;
    for (std::uint64_t i = from; i < to; ++i) {
      chunks.push_back({Chunk(i), {}});
      chunks.back().resident[tier] = kChunk;
    }
    ASSERT_TRUE(classifier_.SetResidency(now_, process, {Chunk(from), Chunk(to)}, chunks).ok());
  }
  void Tiers(Bytes free_fmem) {
    classifier_.SetCapacity(
        {.fmem_usable = Bytes::GiB(1), .free = {free_fmem, Bytes::GiB(8)}, .fmem_watermark = Bytes::MiB(16)});
  }
  // `per_tick` samples in each of chunks [from, to) at each of 20 ticks a second.
  void Access(Seconds time, std::uint64_t from, std::uint64_t to, int per_tick, std::uint32_t weight = 4093) {
    std::vector<Sample> samples;
    for (std::uint64_t i = from; i < to; ++i) {
      for (int n = 0; n < per_tick; ++n) {
        samples.push_back({kProcess, Chunk(i) + static_cast<std::uint64_t>(n) * 4096, weight});
      }
    }
    for (int tick = 0; tick < time.count() * 20; ++tick) {
      now_ += std::chrono::milliseconds(50);
      classifier_.Ingest(now_, samples);
      if (tick % 5 == 4) plan_ = classifier_.MakePlan(now_);
    }
  }
  void Idle(Seconds time) { Access(time, 0, 0, 0); }
  double DensityAt(Address address) const {
    for (const RangeView& view : classifier_.Ranges()) {
      if (address >= view.span.start && address < view.span.end) return view.density;
    }
    return NAN;
  }

  Classifier classifier_;
  Time now_{std::chrono::hours(1)};
  Plan plan_;
};

TEST_F(PrototypeMistakes, M14_MovesDoNotWaitForASplit) {
  Map(8);
  Resident(0, 4, TierId::kSmem);
  Resident(4, 8, TierId::kFmem);
  Tiers(Bytes::MiB(16));
  Access(Seconds(5), 0, 4, 10);
  ASSERT_FALSE(plan_.exchanges.empty());
  for (const Exchange& exchange : plan_.exchanges) {
    classifier_.Moved(kProcess, exchange.hot.address, TierId::kFmem, exchange.amount);
    classifier_.Moved(kProcess, exchange.cold.address, TierId::kSmem, exchange.amount);
  }
  Access(Seconds(20), 0, 4, 10);
  EXPECT_TRUE(plan_.exchanges.empty());
  // Every range is settled; only the accesses change.
  const Adapted before = classifier_.stats().ranges;
  Access(Seconds(3), 4, 8, 10);
  EXPECT_FALSE(plan_.exchanges.empty());
  EXPECT_EQ(classifier_.stats().ranges.split, before.split);
}

TEST_F(PrototypeMistakes, M14_RangesThatNoLongerDifferAreJoined) {
  Map(4096);
  Access(Seconds(3), 1000, 1010, 10);
  const std::size_t divided = classifier_.stats().range_count;
  EXPECT_GT(divided, 8u);
  Access(Seconds(3), 0, 4096, 1);
  Idle(Seconds(60));
  Access(Seconds(120), 3000, 3001, 20);
  EXPECT_LT(classifier_.stats().range_count, divided);
}

TEST_F(PrototypeMistakes, M15_ResidencyGivenAgainReplacesWhatWasKnown) {
  Map(16);
  for (int round = 0; round < 5; ++round) {
    Resident(0, 16, TierId::kFmem);
    EXPECT_EQ(classifier_.MakePlan(now_).resident, (PerTier<Bytes>{Bytes::MiB(32), Bytes()}));
  }
  Resident(0, 8, TierId::kSmem);
  EXPECT_EQ(classifier_.MakePlan(now_).resident, (PerTier<Bytes>{Bytes::MiB(16), Bytes::MiB(16)}));
}

TEST_F(PrototypeMistakes, M16_CapacityCountsPagesOnceAndForAllProcessesTogether) {
  Map(400);
  Map(400, ProcessId{2});
  Resident(0, 200, TierId::kFmem);
  Resident(200, 400, TierId::kSmem);
  Resident(0, 200, TierId::kFmem, ProcessId{2});
  Resident(200, 400, TierId::kSmem, ProcessId{2});
  // 800 MiB of FMEM are the ranges', 100 free, the rest of the 1 GiB somebody else's.
  Tiers(Bytes::MiB(100));
  Access(Seconds(2), 0, 400, 1);
  EXPECT_EQ(plan_.capacity, Bytes::MiB(800 + 100 - 16));
  EXPECT_LE(plan_.hot_set, plan_.capacity);
  EXPECT_GT(plan_.hot_set, Bytes::MiB(790));
}

TEST_F(PrototypeMistakes, M17_ItIsAllRightWhenEveryRangeHasAccessesAndAllFits) {
  Map(100);
  Resident(0, 100, TierId::kSmem);
  Tiers(Bytes::MiB(900));
  Access(Seconds(3), 0, 100, 2);
  EXPECT_EQ(plan_.hot_set, Bytes::MiB(200));
  EXPECT_EQ(plan_.promotions.size(), 100u);
}

TEST_F(PrototypeMistakes, M18_DensityNotTheRawCountDecides) {
  // Three hot chunks among a thousand warm ones with a hundred times as many accesses in all.
  Map(1000);
  Resident(0, 1000, TierId::kSmem);
  Resident(0, 100, TierId::kFmem);
  Tiers(Bytes::MiB(16));
  for (int i = 0; i < 20; ++i) {
    Access(Seconds(0.25), 500, 503, 6);
    Access(Seconds(0.25), 0, 1000, 1);
  }
  ASSERT_GE(plan_.exchanges.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_GE(plan_.exchanges[i].hot.address, Chunk(500));
    EXPECT_LT(plan_.exchanges[i].hot.address, Chunk(503));
  }
}

TEST_F(PrototypeMistakes, M18_DensitiesBeyond32BitsAreOrderedRight) {
  Map(3);
  Resident(0, 3, TierId::kSmem);
  Access(Seconds(2), 0, 1, 1, UINT32_MAX);
  Access(Seconds(2), 1, 2, 1, 1000);
  EXPECT_GT(DensityAt(Chunk(0)), DensityAt(Chunk(1)));
  EXPECT_GT(DensityAt(Chunk(0)), 1e9);
}

TEST_F(PrototypeMistakes, M18_LoadsAndStoresCountByTheirPeriods) {
  // As many accesses to each, sampled at 4093 and at sixteen times that.
  Map(64);
  Resident(0, 64, TierId::kFmem);
  for (int i = 0; i < 20; ++i) {
    Access(Seconds(0.8), 0, 1, 1, 4093);
    Access(Seconds(0.05), 1, 2, 1, 4093 * 16);
  }
  EXPECT_NEAR(DensityAt(Chunk(0)) / DensityAt(Chunk(1)), 1.0, 0.2);
}

TEST_F(PrototypeMistakes, M19_DensityDependsOnTimeNotOnHowOftenAnyoneCalls) {
  Classifier other = *Classifier::Create();
  Map(1);
  Resident(0, 1, TierId::kFmem);
  const std::vector<AddressSpan> mappings = {{Chunk(0), Chunk(1)}};
  ASSERT_TRUE(other.SetMappings(now_, kProcess, mappings).ok());
  const Sample sample{kProcess, Chunk(0), 1000};
  for (int second = 0; second < 40; ++second) {
    // The same accesses: ten calls a second with period 1000, and one with period 10,000.
    for (int i = 0; i < 10; ++i) {
      now_ += std::chrono::milliseconds(100);
      classifier_.Ingest(now_, std::vector{sample});
      classifier_.MakePlan(now_);
    }
    Sample rare = sample;
    rare.weight = 10000;
    other.Ingest(now_, std::vector{rare});
  }
  other.MakePlan(now_);
  EXPECT_NEAR(classifier_.TotalRate() / other.TotalRate(), 1.0, 0.05);
  EXPECT_NEAR(classifier_.TotalRate(), 10000, 500);
}

TEST_F(PrototypeMistakes, M19_AQuietPhaseKeepsTheOrder) {
  Map(64);
  Resident(0, 64, TierId::kFmem);
  Access(Seconds(10), 10, 12, 10);
  Access(Seconds(10), 10, 20, 5);
  const double ratio = DensityAt(Chunk(10)) / DensityAt(Chunk(15));
  EXPECT_GT(ratio, 1.0);
  Idle(Seconds(600));
  // Of the ten minutes four seconds count.
  EXPECT_NEAR(DensityAt(Chunk(10)) / DensityAt(Chunk(15)), ratio, ratio * 0.25);
}

TEST_F(PrototypeMistakes, M20_NearlyEqualMemoryStaysWhereItIs) {
  Map(64);
  Resident(0, 32, TierId::kFmem);
  Resident(32, 64, TierId::kSmem);
  Tiers(Bytes::MiB(16));
  for (int i = 0; i < 40; ++i) {
    Access(Seconds(0.5), 0, 64, 9);
    // SMEM is a tenth hotter.
    Access(Seconds(0.05), 32, 64, 9);
    EXPECT_TRUE(plan_.exchanges.empty()) << i;
  }
}

TEST_F(PrototypeMistakes, M20_WhatIsHardlyUsedIsNotWorthAMove) {
  Map(64);
  Resident(0, 32, TierId::kFmem);
  Resident(32, 64, TierId::kSmem);
  Tiers(Bytes::MiB(900));
  // 20 samples a second, each for one access.
  Access(Seconds(20), 32, 64, 1, 1);
  EXPECT_TRUE(plan_.exchanges.empty());
  EXPECT_TRUE(plan_.promotions.empty());
}

class PrototypeMistakesTenExchanges : public PrototypeMistakes {
 protected:
  PrototypeMistakesTenExchanges() : PrototypeMistakes({.max_exchanges = 10}) {}
};

TEST_F(PrototypeMistakesTenExchanges, M20_APlanIsBounded) {
  Map(400);
  Resident(0, 200, TierId::kFmem);
  Resident(200, 400, TierId::kSmem);
  Tiers(Bytes::MiB(16));
  Access(Seconds(3), 200, 400, 3);
  EXPECT_EQ(plan_.exchanges.size(), 10u);
}

TEST_F(PrototypeMistakes, M21_ResidencyIsAskedForInBoundedSteps) {
  Map(100000);
  const Options options;
  std::uint64_t surveyed = 0;
  int plans = 0;
  for (; plans < 1000; ++plans) {
    const Plan plan = classifier_.MakePlan(now_);
    if (plan.surveys.empty()) break;
    EXPECT_LE(plan.surveys.size(), options.max_surveys);
    for (const Survey& survey : plan.surveys) {
      EXPECT_LE(survey.span.size(), options.survey_span);
      surveyed += survey.span.size().count() >> kChunkShift;
      ASSERT_TRUE(classifier_.SetResidency(now_, survey.process, survey.span, {}).ok());
    }
  }
  EXPECT_EQ(surveyed, 100000u);
  now_ += std::chrono::seconds(31);
  EXPECT_FALSE(classifier_.MakePlan(now_).surveys.empty()) << "residency may have changed since";
}

TEST_F(PrototypeMistakes, M22_AnyPlaceOfTheAddressSpaceIsCovered) {
  const std::vector<AddressSpan> mappings = {
      {0x400000, 0x1400000},                       // a program that is not position-independent
      {0x1600000, 0x9600000},                      // and its heap
      {0xc000000000, 0xc008000000},                // Go's arena
      {0x5500'0000'0000, 0x5500'0100'0000},        // a position-independent one
      {0x7f00'0000'0000, 0x7f00'4000'0000},        // mmap
      {0x7ffd'0000'0000, 0x7ffd'0002'1000},        // a stack
      {0xff'0000'0000'0000, 0xff'0001'0000'0000},  // above 47 bits
  };
  ASSERT_TRUE(classifier_.SetMappings(now_, kProcess, mappings).ok());
  for (const AddressSpan& mapping : mappings) {
    const std::vector<Sample> samples = {{kProcess, mapping.start, 1}, {kProcess, mapping.end - 1, 1}};
    classifier_.Ingest(now_, samples);
  }
  EXPECT_EQ(classifier_.stats().samples.counted, 2 * mappings.size());
  EXPECT_EQ(classifier_.stats().samples.outside, 0u);
  for (const RangeView& view : classifier_.Ranges()) {
    bool starts = false;
    for (const AddressSpan& mapping : mappings) starts = starts || view.span.start == mapping.start;
    EXPECT_TRUE(starts) << std::hex << view.span.start;
  }
}

TEST_F(PrototypeMistakes, M22_WhatIsUnmappedIsForgottenAndWhatStaysIsNot) {
  Map(100);
  Resident(0, 100, TierId::kFmem);
  Access(Seconds(5), 40, 60, 5);
  const double before = DensityAt(Chunk(45));
  const std::vector<AddressSpan> rest = {{Chunk(0), Chunk(10)}, {Chunk(42), Chunk(50)}, {Chunk(200), Chunk(300)}};
  ASSERT_TRUE(classifier_.SetMappings(now_, kProcess, rest).ok());
  EXPECT_NEAR(DensityAt(Chunk(45)), before, before * 0.05);
  EXPECT_TRUE(std::isnan(DensityAt(Chunk(55))));
  EXPECT_EQ(DensityAt(Chunk(250)), 0.0);
  EXPECT_EQ(classifier_.MakePlan(now_).resident.fmem(), Bytes::MiB(2 * 18));
  ASSERT_TRUE(classifier_.SetMappings(now_, kProcess, {}).ok());
  EXPECT_EQ(classifier_.stats().range_count, 0u);
}

TEST_F(PrototypeMistakes, M23_HolesAndReservationsCostNothing) {
  const std::vector<AddressSpan> huge = {{0x10'0000'0000'00, 0x50'0000'0000'00}};  // 64 TiB
  ASSERT_TRUE(classifier_.SetMappings(now_, kProcess, huge).ok());
  ASSERT_TRUE(classifier_.SetResidency(now_, kProcess, huge[0], {}).ok());
  Idle(Seconds(1));
  EXPECT_EQ(classifier_.stats().range_count, 1u);
  EXPECT_EQ(classifier_.stats().residency_blocks, 0u);
}

TEST_F(PrototypeMistakes, M24_NothingIsLeftOfAProcessThatHasGone) {
  for (std::uint64_t i = 0; i < 3000; ++i) {
    const ProcessId process{i * 977};
    Map(64, process);
    Resident(0, 64, TierId::kFmem, process);
    classifier_.Defer(now_, process, Chunk(3));
    classifier_.RemoveProcess(process);
  }
  const ClassifierStats stats = classifier_.stats();
  EXPECT_EQ(stats.range_count, 0u);
  EXPECT_EQ(stats.process_count, 0u);
  EXPECT_EQ(stats.residency_blocks, 0u);
  EXPECT_EQ(stats.deferred, 0u);
}

TEST_F(PrototypeMistakes, M25_SamplesOutsideAreToldFromCountedOnes) {
  Map(1);
  const std::vector<Sample> samples = {{kProcess, Chunk(0), 1},
                                       {kProcess, Chunk(1), 1},
                                       {kProcess, 0, 1},
                                       {kProcess, UINT64_MAX, 1},
                                       {ProcessId{9}, Chunk(0), 1}};
  classifier_.Ingest(now_, samples);
  EXPECT_EQ(classifier_.stats().samples.counted, 1u);
  EXPECT_EQ(classifier_.stats().samples.outside, 3u);
  EXPECT_EQ(classifier_.stats().samples.unknown_process, 1u);
}

TEST_F(PrototypeMistakes, M26_BadParametersAreRefusedWithWhatToDo) {
  Options options;
  options.range_budget = 0;
  EXPECT_FALSE(Classifier::Create(options).ok());
  options = {};
  options.half_life = Seconds(NAN);
  const auto created = Classifier::Create(options);
  ASSERT_FALSE(created.ok());
  EXPECT_NE(std::string(created.status().message()).find("half_life"), std::string::npos);

  const std::vector<AddressSpan> wrong = {{Chunk(5), Chunk(4)}};
  EXPECT_FALSE(classifier_.SetMappings(now_, kProcess, wrong).ok());
  EXPECT_FALSE(classifier_.SetResidency(now_, kProcess, {Chunk(0) + 1, Chunk(2)}, {}).ok());
  const std::vector<ChunkResidency> twice = {{Chunk(0), {kChunk, Bytes(4096)}}};
  EXPECT_FALSE(classifier_.SetResidency(now_, kProcess, {Chunk(0), Chunk(2)}, twice).ok());
  // What nobody has heard of is harmless.
  classifier_.RemoveProcess({99});
  classifier_.Moved({99}, Chunk(0), TierId::kFmem, Bytes::Max());
  classifier_.Defer(now_, {99}, Chunk(0));
  EXPECT_TRUE(classifier_.Verify().ok());
}

}  // namespace
}  // namespace hypertier::ranges
