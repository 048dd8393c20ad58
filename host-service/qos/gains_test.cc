// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/gains.h"

#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

constexpr Bytes Gib(std::uint64_t n) {
  return Bytes::GiB(n);
}

TEST(GainsOf, IsTheCurveBeyondWhatAVmHas) {
  Vm vm;
  vm.access_rate = 1000;
  vm.curve = {{Gib(1), 0.5}, {Gib(3), 0.9}, {Gib(13), 1.0}};
  const std::vector<Gain> gains = GainsOf(vm, Gib(2), Gib(5));
  ASSERT_EQ(gains.size(), 2u);
  EXPECT_EQ(gains[0].amount, Gib(1));
  EXPECT_DOUBLE_EQ(gains[0].hits * static_cast<double>(Gib(1).count()), 200);
  EXPECT_EQ(gains[1].amount, Gib(2));
  EXPECT_DOUBLE_EQ(gains[1].hits * static_cast<double>(Gib(1).count()), 10);
  EXPECT_TRUE(GainsOf(vm, Gib(13), Gib(20)).empty());
  EXPECT_TRUE(GainsOf(Vm(), Gib(0), Gib(20)).empty());
}

TEST(GainsOf, AMadeUpCurveIsStraightened) {
  Vm vm;
  vm.access_rate = 1000;
  vm.curve = {{Gib(1), 0.0}, {Gib(2), 0.0}, {Gib(3), 0.9}, {Gib(3), 1.0}, {Gib(4), 0.2}};
  const std::vector<Gain> gains = GainsOf(vm, Gib(0), Gib(10));
  ASSERT_EQ(gains.size(), 2u);
  EXPECT_EQ(gains[0].amount, Gib(3));
  EXPECT_DOUBLE_EQ(gains[0].hits * static_cast<double>(Gib(1).count()), 300);
  EXPECT_EQ(gains[1].hits, 0);
}

TEST(Favoured, WhatIsThereAlreadyIsWorthMore) {
  const std::vector<Gain> gains = Favoured({{Bytes::GiB(2), 10}, {Bytes::GiB(4), 5}}, Bytes::GiB(3), 1.5);
  ASSERT_EQ(gains.size(), 3U);
  EXPECT_EQ(gains[0].hits, 15);
  EXPECT_EQ(gains[1].amount, Bytes::GiB(1));
  EXPECT_EQ(gains[1].hits, 7.5);
  EXPECT_EQ(gains[2].amount, Bytes::GiB(3));
  EXPECT_EQ(gains[2].hits, 5);
}

}  // namespace
}  // namespace hypertier::qos
