// SPDX-License-Identifier: Apache-2.0
//
// Whole runs on a simulated guest: how soon the share of accesses that FMEM serves comes near the best possible one,
// and that nothing is moved afterwards.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "guest-agent/ranges/simulated_guest.h"
#include "guest-agent/ranges/test_memory.h"

namespace hypertier::ranges {
namespace {

// 8 GiB of memory, 1 GiB of FMEM, 5,000 samples a second.
SimulatedGuest::Setup Usual() {
  SimulatedGuest::Setup setup;
  setup.fmem = Bytes::MiB(1024 + 16);
  setup.smem = Bytes::GiB(16);
  return setup;
}

std::uint64_t ChunkNumber(Address chunk) {
  return (chunk - kBase) >> kChunkShift;
}

// Nine tenths of the accesses go to chunks [first, first + count) of 4,096.
auto HotSpot(std::uint64_t first, std::uint64_t count) {
  return [=](ProcessId, Address chunk) {
    const std::uint64_t number = ChunkNumber(chunk);
    const bool hot = number >= first && number < first + count;
    return hot ? 0.9 / static_cast<double>(count) : 0.1 / static_cast<double>(4096 - count);
  };
}

std::vector<double> Shuffled(std::vector<double> heat) {
  std::mt19937 random(3);
  std::shuffle(heat.begin(), heat.end(), random);
  return heat;
}

auto HeatOf(std::vector<double> heat) {
  return [heat = std::move(heat)](ProcessId, Address chunk) { return heat[ChunkNumber(chunk)]; };
}

// MiB moved in `time`.
std::uint64_t MovedIn(SimulatedGuest& guest, Seconds time) {
  const Bytes before = guest.moved();
  guest.Run(time);
  return (guest.moved() - before).count() >> 20;
}

TEST(Simulation, AHotSetIsInFmemWithinThreeSecondsAndThenNothingMoves) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(8));
  guest.SetHeat(HotSpot(3500, 400));
  EXPECT_LT(guest.HitRatio(), 0.05);
  EXPECT_LE(guest.RunUntilWithin(0.95, Seconds(10)), Seconds(3));
  guest.Run(Seconds(3));
  EXPECT_GT(guest.HitRatio(), 0.99 * guest.OracleHitRatio());
  EXPECT_EQ(MovedIn(guest, Seconds(30)), 0u);
  ASSERT_TRUE(guest.last_plan().hit_ratio.has_value());
  EXPECT_NEAR(*guest.last_plan().hit_ratio, guest.HitRatio(), 0.03);
}

TEST(Simulation, AMovedHotSetIsFollowedWithinThreeSeconds) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(8));
  guest.SetHeat(HotSpot(3500, 400));
  guest.Run(Seconds(20));
  for (const std::uint64_t first : {100u, 2000u, 1500u, 3500u}) {
    guest.SetHeat(HotSpot(first, 400));
    EXPECT_LT(guest.HitRatio(), 0.5);
    EXPECT_LE(guest.RunUntilWithin(0.95, Seconds(10)), Seconds(3)) << first;
    guest.Run(Seconds(6));
  }
  EXPECT_EQ(MovedIn(guest, Seconds(30)), 0u);
}

TEST(Simulation, EvenlyUsedMemoryIsLeftWhereItIs) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(8));
  guest.SetHeat([](ProcessId, Address) { return 1.0; });
  EXPECT_EQ(MovedIn(guest, Seconds(60)), 0u);
}

TEST(Simulation, HotChunksScatteredOverTheHeapAreFoundOneByOne) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(8));
  std::vector<double> heat(4096, 1.0);
  std::fill_n(heat.begin(), 400, 83.0);
  guest.SetHeat(HeatOf(Shuffled(heat)));
  EXPECT_LE(guest.RunUntilWithin(0.95, Seconds(60)), Seconds(15));
  guest.Run(Seconds(15));
  EXPECT_LE(MovedIn(guest, Seconds(30)), 16u);
}

TEST(Simulation, ZipfOverShuffledChunksComesNearTheBestAndMovesLessAndLess) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(8));
  std::vector<double> heat(4096);
  for (std::size_t i = 0; i < heat.size(); ++i) heat[i] = std::pow(static_cast<double>(i + 1), -0.99);
  guest.SetHeat(HeatOf(Shuffled(heat)));
  EXPECT_LE(guest.RunUntilWithin(0.80, Seconds(60)), Seconds(15));
  EXPECT_LE(guest.RunUntilWithin(0.90, Seconds(120)), Seconds(60));
  guest.Run(Seconds(60));
  // The tail is told apart for as long as samples come; 0.2 % of the memory a second.
  EXPECT_LE(MovedIn(guest, Seconds(30)), 30u * 16);
}

TEST(Simulation, TwoProcessesCompeteInOneRanking) {
  SimulatedGuest guest(Usual());
  constexpr ProcessId kOther{7};
  guest.Map(kProcess, kBase, Bytes::GiB(4));
  guest.Map(kOther, 0x10000000, Bytes::GiB(4));
  const auto heat = [](double first, double second) {
    return [=](ProcessId process, Address chunk) {
      // Each has a hot set of 768 MiB at its end; 1 GiB has room for one of them.
      const Address from = (process == kProcess ? kBase : 0x10000000) + Bytes::MiB(4096 - 768).count();
      return chunk < from ? 0.01 : process == kProcess ? first : second;
    };
  };
  guest.SetHeat(heat(1, 3));
  EXPECT_LE(guest.RunUntilWithin(0.95, Seconds(10)), Seconds(4));
  guest.SetHeat(heat(3, 1));
  EXPECT_LE(guest.RunUntilWithin(0.95, Seconds(20)), Seconds(6));
  guest.Run(Seconds(10));
  EXPECT_LE(MovedIn(guest, Seconds(20)), 16u);
}

TEST(Simulation, AFewTouchedPagesInAHugeReservationAreFoundAndWeighedByWhatTheyTake) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(1024));
  guest.Unmap(kProcess, kBase, Bytes::GiB(1024));
  guest.Map({1}, 0x10000000, Bytes::GiB(3));
  // One chunk in 300 has 64 pages.
  guest.Map(kProcess, kBase, Bytes::GiB(1024), 64, [](std::uint64_t chunk) { return chunk % 300 == 17; });
  guest.SetHeat([](ProcessId process, Address) { return process == kProcess ? 1.0 : 0.1; });
  // It takes a minute or two to have looked at a TiB: 2 GiB a plan.
  EXPECT_LE(guest.RunUntilWithin(0.9, Seconds(300)), Seconds(150));
  EXPECT_LE(guest.classifier().stats().range_count, Options().range_budget);
}

TEST(Simulation, APhaseChangeInsideAFullyDividedAreaIsFollowed) {
  SimulatedGuest::Setup setup = Usual();
  setup.accesses_per_second = 200e6;
  setup.options.range_budget = 256;
  setup.fmem = Bytes::MiB(128 + 16);
  SimulatedGuest guest(setup);
  guest.Map(kProcess, kBase, Bytes::GiB(1));
  const auto phase = [](unsigned which) {
    return [which](ProcessId, Address chunk) { return ChunkNumber(chunk) % 9 == which ? 1.0 : 0.01; };
  };
  guest.SetHeat(phase(0));
  guest.Run(Seconds(20));
  EXPECT_GT(guest.classifier().stats().range_count, 100u);
  for (const unsigned which : {1u, 5u, 8u}) {
    guest.SetHeat(phase(which));
    EXPECT_LE(guest.RunUntilWithin(0.95, Seconds(10)), Seconds(3)) << which;
    guest.Run(Seconds(5));
  }
}

TEST(Simulation, AShrinkTakesTheColdestAndAGrowthIsFilledWithTheHottest) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(8));
  guest.SetHeat(HotSpot(0, 200));
  guest.Run(Seconds(5));
  const double before = guest.HitRatio();
  guest.Shrink(Bytes::MiB(512));
  guest.Run(Seconds(2));
  EXPECT_EQ(guest.demand(), Bytes());
  EXPECT_GT(guest.HitRatio(), before - 0.02);

  guest.SetHeat(HotSpot(0, 400));
  guest.Run(Seconds(10));
  EXPECT_LT(guest.HitRatio(), 0.8);
  guest.Grow(Bytes::GiB(1));
  EXPECT_LE(guest.RunUntilWithin(0.95, Seconds(10)), Seconds(3));
}

TEST(Simulation, APauseOfTheWholeGuestForgetsNothing) {
  SimulatedGuest guest(Usual());
  guest.Map(kProcess, kBase, Bytes::GiB(8));
  guest.SetHeat(HotSpot(1000, 400));
  guest.Run(Seconds(10));
  guest.set_accesses_per_second(0);
  EXPECT_EQ(MovedIn(guest, Seconds(120)), 0u);
  EXPECT_GT(guest.last_plan().hit_ratio.value_or(0), 0.8);
  EXPECT_LT(guest.last_plan().access_rate, 1e3);
  guest.set_accesses_per_second(20e6);
  EXPECT_EQ(MovedIn(guest, Seconds(20)), 0u);
}

TEST(Simulation, EqualRunsAreEqual) {
  std::vector<Bytes> moved;
  for (int run = 0; run < 2; ++run) {
    SimulatedGuest guest(Usual());
    guest.Map(kProcess, kBase, Bytes::GiB(8));
    guest.SetHeat(HotSpot(1000, 300));
    guest.Run(Seconds(3));
    moved.push_back(guest.moved());
  }
  EXPECT_EQ(moved[0], moved[1]);
}

}  // namespace
}  // namespace hypertier::ranges
