// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/water_fill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

using ::testing::ElementsAre;

constexpr Bytes Gib(std::uint64_t n) {
  return Bytes::GiB(n);
}

TEST(WaterFill, SharesOneToTwoToFour) {
  const Contender contenders[] = {{1, {}, Gib(100)}, {2, {}, Gib(100)}, {4, {}, Gib(100)}};
  EXPECT_THAT(WaterFill(Gib(70), contenders), ElementsAre(Gib(10), Gib(20), Gib(40)));
}

TEST(WaterFill, WhatOneCannotUseGoesToTheOthers) {
  const Contender contenders[] = {{1, {}, Gib(5)}, {2, {}, Gib(100)}, {2, {}, Gib(100)}};
  EXPECT_THAT(WaterFill(Gib(45), contenders), ElementsAre(Gib(5), Gib(20), Gib(20)));
}

TEST(WaterFill, TheLeastIsMetFirst) {
  const Contender contenders[] = {{1, Gib(30), Gib(100)}, {1, {}, Gib(100)}, {1, {}, Gib(100)}};
  EXPECT_THAT(WaterFill(Gib(50), contenders), ElementsAre(Gib(30), Gib(10), Gib(10)));
}

TEST(WaterFill, WithLessThanTheLeastOfAllTheyCompeteForThat) {
  const Contender contenders[] = {
      {1, Gib(30), Gib(100)}, {1, Gib(5), Gib(100)}, {3, Gib(40), Gib(100)}, {1, {}, Gib(9)}};
  EXPECT_THAT(WaterFill(Gib(55), contenders),
              ElementsAre(Gib(12) + Bytes::MiB(512), Gib(5), Gib(37) + Bytes::MiB(512), Gib(0)));
}

TEST(WaterFill, NobodyGetsMoreThanTheMost) {
  const Contender contenders[] = {{1, Gib(7), Gib(3)}, {1, {}, Gib(4)}};
  EXPECT_THAT(WaterFill(Bytes::Max(), contenders), ElementsAre(Gib(3), Gib(4)));
  EXPECT_TRUE(WaterFill(Gib(1), {}).empty());
}

TEST(WaterFill, IsWholePagesAndLosesNextToNothing) {
  std::vector<Contender> contenders;
  for (int i = 1; i <= 997; ++i) contenders.push_back({1.0 + i % 7, {}, Gib(1)});
  Bytes sum;
  for (const Bytes amount : WaterFill(Gib(100), contenders)) {
    EXPECT_EQ(amount.count() % kPage.count(), 0u);
    sum += amount;
  }
  EXPECT_LE(sum, Gib(100));
  EXPECT_GE(sum + Bytes(997 * kPage.count()), Gib(100));
}

}  // namespace
}  // namespace hypertier::qos
