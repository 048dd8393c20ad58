// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/burst.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

using ::testing::ElementsAre;

std::vector<Bytes> Divide(std::string_view policy, const BurstProblem& problem) {
  return (*MakeBurstPolicy(policy))->Divide(problem);
}

TEST(BurstPolicy, StaticLendsNothing) {
  BurstProblem problem{Bytes::GiB(10), {{1, {}, Bytes::GiB(10)}}, {{0, 1, Bytes::GiB(5), Bytes::GiB(5), {}}}};
  EXPECT_THAT(Divide("static", problem), ElementsAre(Bytes::GiB(0)));
}

TEST(BurstPolicy, ProportionalGivesTenantsTheirShareHoweverManyVmsTheyHave) {
  const BurstProblem problem{Bytes::GiB(30),
                             {{1, {}, Bytes::GiB(100)}, {2, {}, Bytes::GiB(100)}},
                             {{0, 1, Bytes::GiB(50), Bytes::GiB(50), {}},
                              {0, 1, Bytes::GiB(50), Bytes::GiB(50), {}},
                              {0, 3, Bytes::GiB(50), Bytes::GiB(50), {}},
                              {1, 1, Bytes::GiB(50), Bytes::GiB(50), {}}}};
  EXPECT_THAT(Divide("proportional", problem),
              ElementsAre(Bytes::GiB(2), Bytes::GiB(2), Bytes::GiB(6), Bytes::GiB(20)));
}

TEST(BurstPolicy, WhatNobodyWantsIsNotLeftIdle) {
  const BurstProblem problem{Bytes::GiB(30),
                             {{1, {}, Bytes::GiB(100)}},
                             {{0, 1, Bytes::GiB(2), Bytes::GiB(50), {}}, {0, 1, Bytes::GiB(4), Bytes::GiB(50), {}}}};
  EXPECT_THAT(Divide("proportional", problem), ElementsAre(Bytes::GiB(14), Bytes::GiB(16)));
}

TEST(BurstPolicy, HotnessGivesWhereItServesMost) {
  // A GiB serves 900, 500 and 100 accesses a second, for the first; 400 for the second, whose shares are twice as many.
  const auto a_gib = static_cast<double>(Bytes::GiB(1).count());
  const BurstProblem problem{
      Bytes::GiB(3),
      {{1, {}, Bytes::GiB(100)}, {1, {}, Bytes::GiB(100)}},
      {{0,
        1,
        Bytes::GiB(50),
        Bytes::GiB(50),
        {{Bytes::GiB(1), 900 / a_gib}, {Bytes::GiB(1), 500 / a_gib}, {Bytes::GiB(8), 100 / a_gib}}},
       {1, 2, Bytes::GiB(50), Bytes::GiB(50), {{Bytes::GiB(4), 400 / a_gib}}}}};
  EXPECT_THAT(Divide("hotness", problem), ElementsAre(Bytes::GiB(1), Bytes::GiB(2)));
}

TEST(BurstPolicy, HotnessKeepsWhatATenantHasReserved) {
  const auto a_gib = static_cast<double>(Bytes::GiB(1).count());
  const BurstProblem problem{Bytes::GiB(4),
                             {{1, {}, Bytes::GiB(100)}, {1, Bytes::GiB(3), Bytes::GiB(100)}},
                             {{0, 1, Bytes::GiB(50), Bytes::GiB(50), {{Bytes::GiB(9), 900 / a_gib}}},
                              {1, 1, Bytes::GiB(3), Bytes::GiB(50), {}}}};
  EXPECT_THAT(Divide("hotness", problem), ElementsAre(Bytes::GiB(1), Bytes::GiB(3)));
}

TEST(BurstPolicy, AnUnknownOneIsRefused) {
  EXPECT_EQ(MakeBurstPolicy("fair").status().message(), "no QoS policy \"fair\": one of static, proportional, hotness");
}

}  // namespace
}  // namespace hypertier::qos
