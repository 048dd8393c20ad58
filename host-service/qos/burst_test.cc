// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/burst.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

using ::testing::ElementsAre;

constexpr Bytes Gib(std::uint64_t n) {
  return Bytes::GiB(n);
}

std::vector<Bytes> Divide(std::string_view policy, const BurstProblem& problem) {
  return (*MakeBurstPolicy(policy))->Divide(problem);
}

TEST(BurstPolicy, StaticLendsNothing) {
  BurstProblem problem{Gib(10), {{1, {}, Gib(10)}}, {{0, 1, Gib(5), Gib(5), {}}}};
  EXPECT_THAT(Divide("static", problem), ElementsAre(Gib(0)));
}

TEST(BurstPolicy, ProportionalGivesTenantsTheirShareHoweverManyVmsTheyHave) {
  const BurstProblem problem{Gib(30),
                             {{1, {}, Gib(100)}, {2, {}, Gib(100)}},
                             {{0, 1, Gib(50), Gib(50), {}},
                              {0, 1, Gib(50), Gib(50), {}},
                              {0, 3, Gib(50), Gib(50), {}},
                              {1, 1, Gib(50), Gib(50), {}}}};
  EXPECT_THAT(Divide("proportional", problem), ElementsAre(Gib(2), Gib(2), Gib(6), Gib(20)));
}

TEST(BurstPolicy, WhatNobodyWantsIsNotLeftIdle) {
  const BurstProblem problem{Gib(30), {{1, {}, Gib(100)}}, {{0, 1, Gib(2), Gib(50), {}}, {0, 1, Gib(4), Gib(50), {}}}};
  EXPECT_THAT(Divide("proportional", problem), ElementsAre(Gib(14), Gib(16)));
}

TEST(BurstPolicy, HotnessGivesWhereItServesMost) {
  // A GiB serves 900, 500 and 100 accesses a second, for the first; 400 for the second, whose shares are twice as many.
  const auto a_gib = static_cast<double>(Gib(1).count());
  const BurstProblem problem{
      Gib(3),
      {{1, {}, Gib(100)}, {1, {}, Gib(100)}},
      {{0, 1, Gib(50), Gib(50), {{Gib(1), 900 / a_gib}, {Gib(1), 500 / a_gib}, {Gib(8), 100 / a_gib}}},
       {1, 2, Gib(50), Gib(50), {{Gib(4), 400 / a_gib}}}}};
  EXPECT_THAT(Divide("hotness", problem), ElementsAre(Gib(1), Gib(2)));
}

TEST(BurstPolicy, HotnessKeepsWhatATenantHasReserved) {
  const auto a_gib = static_cast<double>(Gib(1).count());
  const BurstProblem problem{Gib(4),
                             {{1, {}, Gib(100)}, {1, Gib(3), Gib(100)}},
                             {{0, 1, Gib(50), Gib(50), {{Gib(9), 900 / a_gib}}}, {1, 1, Gib(3), Gib(50), {}}}};
  EXPECT_THAT(Divide("hotness", problem), ElementsAre(Gib(1), Gib(3)));
}

TEST(BurstPolicy, AnUnknownOneIsRefused) {
  EXPECT_EQ(MakeBurstPolicy("fair").status().message(), "no QoS policy \"fair\": one of static, proportional, hotness");
}

}  // namespace
}  // namespace hypertier::qos
