// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/planner.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "host-service/qos/simulated_host.h"

namespace hypertier::qos {
namespace {

using ::testing::IsEmpty;

// FMEM of 100 GiB.
class PlannerTest : public ::testing::Test {
 protected:
  void Steps(int count) {
    for (int i = 0; i < count; ++i) ASSERT_THAT(host_.Step(), IsEmpty()) << i;
  }
  // Makes use of so much FMEM, every GiB as hot as the others.
  void Uses(std::size_t vm, Bytes amount, double rate = 1000) { host_.SetHeat(vm, amount, 1.0, amount, rate); }

  void ExpectNear(Bytes is, Bytes wanted, Bytes tolerance = Bytes::MiB(512)) {
    EXPECT_LE(is, wanted + tolerance) << FormatBytes(is);
    EXPECT_GE(is + tolerance, wanted) << FormatBytes(is);
  }

  SimulatedHost host_{Bytes::GiB(100), Bytes::GiB(1000)};
};

TEST_F(PlannerTest, WhatIsReservedAndWantedIsThereAtOnce) {
  const std::size_t tenant = host_.AddTenant();
  const std::size_t vm = host_.AddVm(tenant, {.reservation = Bytes::GiB(40), .limit = Bytes::GiB(40)}, Bytes::GiB(64));
  Steps(1);
  EXPECT_EQ(host_.fmem(vm), Bytes::GiB(40));
  EXPECT_EQ(host_.target(vm).cause, Cause::kReservation);
  EXPECT_EQ(Explain(host_.target(vm)), "40 GiB: its reservation");
}

TEST_F(PlannerTest, WhatIsLeftIsDividedByShares) {
  const std::size_t tenant = host_.AddTenant();
  std::vector<std::size_t> vms;
  for (const double shares : {1.0, 2.0, 4.0}) {
    vms.push_back(host_.AddVm(tenant, {.reservation = Bytes::GiB(10), .shares = shares}, Bytes::GiB(200)));
  }
  Steps(30);
  ExpectNear(host_.fmem(vms[0]), Bytes::GiB(20));
  ExpectNear(host_.fmem(vms[1]), Bytes::GiB(30));
  ExpectNear(host_.fmem(vms[2]), Bytes::GiB(50));
}

TEST_F(PlannerTest, NoLimitIsExceededAndTheRestGoesToOthers) {
  const std::size_t small = host_.AddTenant({.reservation = {}, .limit = Bytes::GiB(30)});
  const std::size_t large = host_.AddTenant();
  const std::size_t a = host_.AddVm(small, {.reservation = Bytes::GiB(10), .limit = Bytes::GiB(12)}, Bytes::GiB(200));
  const std::size_t b = host_.AddVm(small, {.reservation = Bytes::GiB(10)}, Bytes::GiB(200));
  const std::size_t c = host_.AddVm(large, {}, Bytes::GiB(200));
  Steps(30);
  ExpectNear(host_.fmem(a), Bytes::GiB(12));
  ExpectNear(host_.fmem(b), Bytes::GiB(18));
  ExpectNear(host_.fmem(c), Bytes::GiB(70), Bytes::GiB(1));
  // The tenant is cut to less than its VMs have reserved.
  host_.snapshot.tenants[small].policy.fmem().limit = Bytes::GiB(15);
  Steps(1);
  EXPECT_LE(host_.fmem(a) + host_.fmem(b), Bytes::GiB(15));
  EXPECT_EQ(host_.target(b).cause, Cause::kTenantLimit);
}

TEST_F(PlannerTest, ReservationsThatDoNotFitAreMetByShares) {
  const std::size_t tenant = host_.AddTenant();
  const std::size_t a = host_.AddVm(tenant, {.reservation = Bytes::GiB(80), .shares = 1}, Bytes::GiB(200));
  const std::size_t b = host_.AddVm(tenant, {.reservation = Bytes::GiB(80), .shares = 3}, Bytes::GiB(200));
  Steps(10);
  ExpectNear(host_.fmem(a), Bytes::GiB(25));
  ExpectNear(host_.fmem(b), Bytes::GiB(75));
  EXPECT_EQ(host_.target(a).cause, Cause::kOvercommitted);
}

TEST_F(PlannerTest, AnIdleReservationIsLentAndComesBackInOnePeriod) {
  const std::size_t tenant = host_.AddTenant();
  const std::size_t owner = host_.AddVm(tenant, {.reservation = Bytes::GiB(60)}, Bytes::GiB(60));
  const std::size_t other = host_.AddVm(tenant, {.reservation = Bytes::GiB(20)}, Bytes::GiB(200));
  Uses(owner, Bytes::GiB(4));
  Uses(other, Bytes::GiB(90));
  Steps(20);
  // 4.4 GiB wanted, and a quarter of the rest kept.
  EXPECT_EQ(host_.target(owner).cause, Cause::kLent);
  ExpectNear(host_.target(owner).claim, Bytes::MiB(18 * 1024 + 300), Bytes::GiB(1));
  EXPECT_GE(host_.fmem(other), Bytes::GiB(75));
  // The owner wants it again. What the other gives back is there a period later, since it takes a period to give back.
  host_.shrunk_in_a_period = Bytes::GiB(1000);
  Uses(owner, Bytes::GiB(60));
  Steps(1);
  EXPECT_EQ(host_.target(owner).cause, Cause::kWaiting);
  ExpectNear(host_.fmem(other), Bytes::GiB(40));
  Steps(1);
  EXPECT_EQ(host_.fmem(owner), Bytes::GiB(60));
}

// docs/qos.md tells it with these numbers.
TEST_F(PlannerTest, TheExampleOfTheDocument) {
  const std::size_t a = host_.AddVm(host_.AddTenant(), {.reservation = Bytes::GiB(60)}, Bytes::GiB(60));
  const std::size_t b = host_.AddVm(host_.AddTenant(), {.reservation = Bytes::GiB(20)}, Bytes::GiB(200));
  Uses(a, Bytes::GiB(4));
  Uses(b, Bytes::GiB(90));
  Steps(20);
  const auto gib = [](Bytes bytes) { return fmt::format("{:.1f}", static_cast<double>(bytes.count()) / 0x1p30); };
  EXPECT_EQ(gib(host_.target(a).demand), "4.3");
  EXPECT_EQ(gib(host_.target(a).claim), "18.2");
  EXPECT_EQ(gib(host_.target(b).demand), "97.0");
  EXPECT_EQ(gib(host_.target(b).claim), "20.0");
  EXPECT_EQ(gib(host_.target(b).aim), "81.8");
  ExpectNear(host_.fmem(b), host_.target(b).aim, Bytes::MiB(900));
  host_.shrunk_in_a_period = Bytes::GiB(1000);
  Uses(a, Bytes::GiB(60));
  Steps(1);
  EXPECT_EQ(host_.fmem(b), Bytes::GiB(40));
  EXPECT_LT(host_.fmem(a), Bytes::GiB(20));
  Steps(1);
  EXPECT_EQ(host_.fmem(a), Bytes::GiB(60));
  EXPECT_EQ(host_.fmem(b), Bytes::GiB(40));
}

TEST_F(PlannerTest, OneThatGivesBackSlowlyHoldsUpGrowthButNothingIsExceeded) {
  const std::size_t tenant = host_.AddTenant();
  const std::size_t owner = host_.AddVm(tenant, {.reservation = Bytes::GiB(60)}, Bytes::GiB(60));
  const std::size_t other = host_.AddVm(tenant, {.reservation = Bytes::GiB(20)}, Bytes::GiB(200));
  Uses(owner, Bytes());
  Uses(other, Bytes::GiB(100));
  Steps(20);
  host_.shrunk_in_a_period = Bytes::GiB(10);
  Uses(owner, Bytes::GiB(60));
  Bytes before = host_.fmem(owner);
  int periods = 0;
  for (; host_.fmem(owner) < Bytes::GiB(60) && periods < 20; ++periods) {
    Steps(1);
    EXPECT_GE(host_.fmem(owner), before);
    EXPECT_LE(host_.fmem(owner) + host_.vm(other).tiers.fmem().held, Bytes::GiB(100));
    before = host_.fmem(owner);
  }
  // 85 to 40 GiB, 10 in each.
  EXPECT_GE(periods, 4);
  EXPECT_LE(periods, 6);
}

TEST_F(PlannerTest, WhatOneDoesNotGiveBackOthersGiveBackInItsPlace) {
  host_ = SimulatedHost(Bytes::GiB(100), Bytes::GiB(1000), "proportional");
  const std::size_t tenant = host_.AddTenant();
  const std::size_t owner = host_.AddVm(tenant, {.reservation = Bytes::GiB(40)}, Bytes::GiB(40));
  const std::size_t hoarder = host_.AddVm(tenant, {.reservation = Bytes::GiB(10)}, Bytes::GiB(100));
  const std::size_t neighbour = host_.AddVm(tenant, {.reservation = Bytes::GiB(10)}, Bytes::GiB(100));
  Uses(owner, Bytes::GiB(2));
  Uses(hoarder, Bytes::GiB(55));
  Uses(neighbour, Bytes::GiB(30));
  Steps(30);
  const Bytes kept = host_.fmem(hoarder);
  EXPECT_GE(kept, Bytes::GiB(54));
  EXPECT_GE(host_.fmem(neighbour), Bytes::GiB(32));
  // The owner wants its own, and one of those who have it does not let go: of the 100 GiB it keeps 55.
  Uses(owner, Bytes::GiB(40));
  for (int i = 0; i < 5; ++i) {
    Steps(1);
    host_.vm(hoarder).tiers.fmem().held = kept;
    host_.vm(hoarder).tiers.fmem().overstays = true;
  }
  EXPECT_GE(host_.fmem(owner), Bytes::GiB(34));
  EXPECT_EQ(host_.fmem(neighbour), Bytes::GiB(10));
  EXPECT_EQ(host_.target(hoarder).cause, Cause::kOverstays);
  EXPECT_EQ(host_.fmem(hoarder), Bytes::GiB(10));
  // As soon as it has let go, it competes again.
  host_.vm(hoarder).tiers.fmem().overstays = false;
  host_.vm(hoarder).tiers.fmem().held = host_.fmem(hoarder);
  Steps(30);
  ExpectNear(host_.fmem(hoarder) + host_.fmem(neighbour), Bytes::GiB(60), Bytes::GiB(1));
  EXPECT_EQ(host_.fmem(owner), Bytes::GiB(40));
}

TEST_F(PlannerTest, OneThatCannotGiveBackWhatItWasToldToIsTreatedLikeOthersWhenNobodyNeedsThat) {
  host_ = SimulatedHost(Bytes::GiB(100), Bytes::GiB(1000), "proportional");
  const std::size_t tenant = host_.AddTenant();
  const std::size_t stuck = host_.AddVm(tenant, {}, Bytes::GiB(100));
  const std::size_t other = host_.AddVm(tenant, {}, Bytes::GiB(100));
  Uses(stuck, Bytes::GiB(90));
  Uses(other, Bytes::GiB(90));
  // It was told to live with 2 GiB once, and needs 5.
  host_.vm(stuck).tiers.fmem() = {
      .floor = {}, .size = Bytes::GiB(100), .target = Bytes::GiB(2), .held = Bytes::GiB(5), .overstays = true};
  Steps(30);
  ExpectNear(host_.fmem(stuck), Bytes::GiB(50), Bytes::GiB(2));
}

TEST_F(PlannerTest, AVmUnderPressureAtItsFloorCanAskForMore) {
  const std::size_t tenant = host_.AddTenant();
  const std::size_t poor = host_.AddVm(tenant, {.reservation = Bytes::GiB(40)}, Bytes::GiB(40));
  const std::size_t rich = host_.AddVm(tenant, {}, Bytes::GiB(200));
  Uses(rich, Bytes::GiB(200));
  // It tells of little use, but its programs wait for memory.
  Uses(poor, Bytes::GiB(1));
  host_.vm(poor).tiers.fmem().floor = Bytes::GiB(2);
  Steps(10);
  const Bytes before = host_.fmem(poor);
  EXPECT_LT(before, Bytes::GiB(15));
  host_.vm(poor).pressure = 0.3;
  Steps(20);
  EXPECT_EQ(host_.fmem(poor), Bytes::GiB(40));
}

TEST_F(PlannerTest, AFrozenVmKeepsWhatItHasAndNeverGrows) {
  const std::size_t tenant = host_.AddTenant();
  const std::size_t a = host_.AddVm(tenant, {.reservation = Bytes::GiB(50)}, Bytes::GiB(60));
  const std::size_t b = host_.AddVm(tenant, {.reservation = Bytes::GiB(50)}, Bytes::GiB(200));
  Steps(10);
  host_.vm(a).frozen = true;
  const Bytes had = host_.fmem(a);
  host_.vm(a).policy.fmem().reservation = Bytes::GiB(60);
  host_.snapshot.capacity.fmem() = Bytes::GiB(70);
  Steps(10);
  EXPECT_EQ(host_.fmem(a), had);
  EXPECT_EQ(host_.target(a).cause, Cause::kFrozen);
  EXPECT_EQ(host_.fmem(b), Bytes::GiB(70) - had);
  host_.vm(a).policy.fmem().limit = Bytes::GiB(30);
  Steps(1);
  EXPECT_EQ(host_.fmem(a), Bytes::GiB(30));
}

TEST_F(PlannerTest, MemoryThatIsNotInFmemHasRoomInSmem) {
  const std::size_t tenant = host_.AddTenant();
  const std::size_t vm = host_.AddVm(tenant, {.reservation = Bytes::GiB(10), .limit = Bytes::GiB(10)}, Bytes::GiB(100),
                                     {.reservation = Bytes::GiB(80), .limit = Bytes::GiB(80)});
  host_.AddVm(tenant, {}, Bytes::GiB(2000), {});
  host_.vm(vm).used = Bytes::GiB(50);
  Steps(20);
  EXPECT_EQ(host_.fmem(vm), Bytes::GiB(10));
  EXPECT_GE(host_.vm(vm).tiers.smem().target, Bytes::GiB(44));
}

TEST_F(PlannerTest, UnderConstantDemandTargetsComeToRest) {
  std::mt19937_64 random(3);
  for (int t = 0; t < 5; ++t) host_.AddTenant({.reservation = Bytes::GiB(random() % 8), .shares = 1.0 + t});
  for (int i = 0; i < 40; ++i) {
    const Bytes reserved = Bytes::GiB(random() % 4);
    const std::size_t vm =
        host_.AddVm(i % 5, {.reservation = reserved, .shares = 1.0 + i % 3}, Bytes::GiB(8 + random() % 30));
    host_.SetHeat(vm, Bytes::GiB(1 + random() % 4), 0.8, Bytes::GiB(10), static_cast<double>(random() % 10000));
  }
  Steps(100);
  const Plan settled = host_.plan;
  host_.moved = Bytes();
  Steps(10'000);
  EXPECT_EQ(host_.moved, Bytes());
}

TEST_F(PlannerTest, WhatGuestsTellIsOffALittleAndMemoryDoesNotGoBackAndForth) {
  const std::size_t tenant = host_.AddTenant();
  std::vector<std::size_t> vms;
  // Nearly alike, and there is not enough for all.
  for (int i = 0; i < 8; ++i) vms.push_back(host_.AddVm(tenant, {.reservation = Bytes::GiB(2)}, Bytes::GiB(30)));
  std::mt19937_64 random(9);
  const auto noisy = [&] {
    for (const std::size_t vm : vms) Uses(vm, Bytes::GiB(30), 1000 + static_cast<double>(random() % 50));
  };
  for (int i = 0; i < 50; ++i) {
    noisy();
    Steps(1);
  }
  host_.moved = Bytes();
  for (int i = 0; i < 500; ++i) {
    noisy();
    Steps(1);
  }
  EXPECT_EQ(host_.moved, Bytes());
}

TEST_F(PlannerTest, HotnessServesMoreThanSharesDo) {
  const auto served = [](std::string_view policy) {
    SimulatedHost host(Bytes::GiB(100), Bytes::GiB(1000), policy);
    std::mt19937_64 random(5);
    const std::size_t tenant = host.AddTenant();
    for (int i = 0; i < 20; ++i) {
      const std::size_t vm = host.AddVm(tenant, {.reservation = Bytes::GiB(2)}, Bytes::GiB(16));
      // Half of them have a hot set and use it much, half hardly have.
      if (i % 2 == 0) {
        host.SetHeat(vm, Bytes::GiB(7), 0.9, Bytes::GiB(16), 1000);
      } else {
        host.SetHeat(vm, Bytes::GiB(1), 0.3, Bytes::GiB(16), 200);
      }
    }
    for (int i = 0; i < 50; ++i) EXPECT_THAT(host.Step(), IsEmpty());
    return host.Served();
  };
  const double gain = served("hotness") / served("proportional");
  RecordProperty("gain", std::to_string(gain));
  EXPECT_GE(gain, 1.2) << gain;
}

}  // namespace
}  // namespace hypertier::qos
