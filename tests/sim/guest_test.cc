// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/guest.h"

#include <gtest/gtest.h>

namespace hypertier::sim {
namespace {

// 10 GiB used of which 2 GiB are hot, two cells of 16 GiB, 1 GiB/s each way.
Group Plain() {
  Group group;
  group.cells = {Bytes::GiB(16), Bytes::GiB(16)};
  group.policy.fmem().reservation = Bytes::GiB(8);
  group.policy.smem().reservation = Bytes::GiB(4);
  group.phases = {
      {.from = 0, .used = Bytes::GiB(10), .hot = Bytes::GiB(2), .hot_share = 0.8, .accesses = 1000, .pressure = 0}};
  group.shrink = group.grow = Bytes::GiB(1);
  return group;
}

PerTier<Bytes> Gib(std::uint64_t fmem, std::uint64_t smem) {
  return {Bytes::GiB(fmem), Bytes::GiB(smem)};
}

TEST(Guest, KeepsItsHottestPagesInFmem) {
  const Group group = Plain();
  Guest guest(group, 0, 1);
  guest.Wake(0);
  guest.Begin(Gib(1, 9));
  EXPECT_DOUBLE_EQ(guest.Served(), 400);
  guest.Begin(Gib(6, 4));
  EXPECT_DOUBLE_EQ(guest.Served(), 900);
}

TEST(Guest, IsDueWhatItUsesOfItsReservations) {
  const Group group = Plain();
  Guest guest(group, 0, 1);
  guest.Wake(0);
  guest.Begin(Gib(8, 2));
  // 98 % of its accesses would want 9.2 GiB.
  EXPECT_EQ(guest.Due(TierId::kFmem), Bytes::GiB(8));
  EXPECT_EQ(guest.Due(TierId::kSmem), Bytes::GiB(2));
}

TEST(Guest, FollowsTheNewestTargetAfterItsLagAndAtItsPace) {
  Group group = Plain();
  group.lag = 2;
  Guest guest(group, 0, 1);
  guest.Begin(Gib(4, 4));
  guest.Send({1, Gib(6, 2)}, 0);
  for (const Seconds now : {0.0, 1.0}) guest.Move(now, 1);
  EXPECT_EQ(guest.held(TierId::kFmem), Bytes::GiB(4));
  EXPECT_EQ(guest.Tell().generation, 0U);
  guest.Send({2, Gib(3, 3)}, 2);
  for (const Seconds now : {2.0, 3.0}) guest.Move(now, 1);
  EXPECT_EQ(guest.held(TierId::kFmem), Bytes::GiB(6));
  EXPECT_EQ(guest.held(TierId::kSmem), Bytes::GiB(2));
  EXPECT_EQ(guest.Tell().generation, 1U);
  guest.Move(4, 1);
  EXPECT_EQ(guest.held(TierId::kFmem), Bytes::GiB(5));
  EXPECT_EQ(guest.Tell().generation, 2U);
}

TEST(Guest, ThatIgnoresTargetsTakesAndNeverGivesBack) {
  Group group = Plain();
  group.faults.ignores_targets = true;
  Guest guest(group, 0, 1);
  guest.Begin(Gib(4, 4));
  guest.Send({1, Gib(0, 8)}, 0);
  guest.Move(0, 100);
  EXPECT_EQ(guest.held(TierId::kFmem), Bytes::GiB(4));
  EXPECT_EQ(guest.held(TierId::kSmem), Bytes::GiB(8));
}

TEST(Guest, ThatIsSilentHearsNothing) {
  Group group = Plain();
  group.faults.silent_from = 5;
  group.faults.silent_to = 10;
  Guest guest(group, 0, 1);
  guest.Begin(Gib(4, 4));
  guest.Send({1, Gib(8, 8)}, 5);
  guest.Move(9, 10);
  EXPECT_EQ(guest.held(TierId::kFmem), Bytes::GiB(4));
  guest.Send({1, Gib(8, 8)}, 10);
  guest.Move(10, 10);
  EXPECT_EQ(guest.held(TierId::kFmem), Bytes::GiB(8));
}

TEST(Guest, LosesAsManyTargetsAsItIsToLose) {
  Group group = Plain();
  group.faults.lose = 0.25;
  Guest guest(group, 0, 7);
  int arrived = 0;
  for (std::uint64_t generation = 1; generation <= 1000; ++generation) {
    guest.Send({generation, Gib(1, 1)}, 0);
    guest.Move(0, 1);
    arrived += guest.Tell().generation == generation ? 1 : 0;
  }
  EXPECT_NEAR(arrived, 750, 50);
}

TEST(Guest, TellsNearlyTheTruthWhereThereIsNoise) {
  Group group = Plain();
  group.noise = 0.1;
  Guest guest(group, 0, 1);
  guest.Wake(0);
  const Report first = guest.Tell();
  guest.Wake(1);
  const Report second = guest.Tell();
  EXPECT_NE(first.accesses, second.accesses);
  EXPECT_NEAR(first.accesses, 1000, 100);
  EXPECT_GE(first.curve[0].fmem, Bytes::MiB(1843));
  EXPECT_LE(first.curve[0].fmem, Bytes::MiB(2253));
  EXPECT_EQ(guest.accesses(), 1000);
}

TEST(Guest, LivesByItsPhasesInRoundsLaterThanTheFirstOfItsGroup) {
  Group group = Plain();
  group.count = 3;
  group.stagger = 20;
  group.repeat = 100;
  group.phases.push_back(
      {.from = 50, .used = Bytes::GiB(3), .hot = Bytes(), .hot_share = 0, .accesses = 7, .pressure = 0});
  Guest second(group, 1, 1);
  const auto accesses = [&](Seconds now) {
    second.Wake(now);
    return second.accesses();
  };
  EXPECT_EQ(accesses(0), 7);
  EXPECT_EQ(accesses(10), 1000);
  EXPECT_EQ(accesses(59), 1000);
  EXPECT_EQ(accesses(60), 7);
  EXPECT_EQ(accesses(109), 7);
  EXPECT_EQ(accesses(110), 1000);
}

}  // namespace
}  // namespace hypertier::sim
