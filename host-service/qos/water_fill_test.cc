// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/water_fill.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

using ::testing::ElementsAre;

TEST(WaterFill, SharesOneToTwoToFour) {
  const Contender contenders[] = {{1, {}, Bytes::GiB(100)}, {2, {}, Bytes::GiB(100)}, {4, {}, Bytes::GiB(100)}};
  EXPECT_THAT(WaterFill(Bytes::GiB(70), contenders), ElementsAre(Bytes::GiB(10), Bytes::GiB(20), Bytes::GiB(40)));
}

TEST(WaterFill, WhatOneCannotUseGoesToTheOthers) {
  const Contender contenders[] = {{1, {}, Bytes::GiB(5)}, {2, {}, Bytes::GiB(100)}, {2, {}, Bytes::GiB(100)}};
  EXPECT_THAT(WaterFill(Bytes::GiB(45), contenders), ElementsAre(Bytes::GiB(5), Bytes::GiB(20), Bytes::GiB(20)));
}

TEST(WaterFill, TheLeastIsMetFirst) {
  const Contender contenders[] = {
      {1, Bytes::GiB(30), Bytes::GiB(100)}, {1, {}, Bytes::GiB(100)}, {1, {}, Bytes::GiB(100)}};
  EXPECT_THAT(WaterFill(Bytes::GiB(50), contenders), ElementsAre(Bytes::GiB(30), Bytes::GiB(10), Bytes::GiB(10)));
}

TEST(WaterFill, WithLessThanTheLeastOfAllTheyCompeteForThat) {
  const Contender contenders[] = {{1, Bytes::GiB(30), Bytes::GiB(100)},
                                  {1, Bytes::GiB(5), Bytes::GiB(100)},
                                  {3, Bytes::GiB(40), Bytes::GiB(100)},
                                  {1, {}, Bytes::GiB(9)}};
  EXPECT_THAT(WaterFill(Bytes::GiB(55), contenders), ElementsAre(Bytes::GiB(12) + Bytes::MiB(512), Bytes::GiB(5),
                                                                 Bytes::GiB(37) + Bytes::MiB(512), Bytes::GiB(0)));
}

TEST(WaterFill, NobodyGetsMoreThanTheMost) {
  const Contender contenders[] = {{1, Bytes::GiB(7), Bytes::GiB(3)}, {1, {}, Bytes::GiB(4)}};
  EXPECT_THAT(WaterFill(Bytes::Max(), contenders), ElementsAre(Bytes::GiB(3), Bytes::GiB(4)));
  EXPECT_TRUE(WaterFill(Bytes::GiB(1), {}).empty());
}

TEST(WaterFill, IsWholePagesAndLosesNextToNothing) {
  std::vector<Contender> contenders;
  for (int i = 1; i <= 997; ++i) contenders.push_back({1.0 + i % 7, {}, Bytes::GiB(1)});
  Bytes sum;
  for (const Bytes amount : WaterFill(Bytes::GiB(100), contenders)) {
    EXPECT_EQ(amount.count() % kPage.count(), 0u);
    sum += amount;
  }
  EXPECT_LE(sum, Bytes::GiB(100));
  EXPECT_GE(sum + Bytes(997 * kPage.count()), Bytes::GiB(100));
}

}  // namespace
}  // namespace hypertier::qos
