// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/gains.h"

#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

TEST(GainsOf, IsTheCurveBeyondWhatAVmHas) {
  Vm vm;
  vm.access_rate = 1000;
  vm.curve = {{Bytes::GiB(1), 0.5}, {Bytes::GiB(3), 0.9}, {Bytes::GiB(13), 1.0}};
  const std::vector<Gain> gains = GainsOf(vm, Bytes::GiB(2), Bytes::GiB(5));
  ASSERT_EQ(gains.size(), 2u);
  EXPECT_EQ(gains[0].amount, Bytes::GiB(1));
  EXPECT_DOUBLE_EQ(gains[0].hits * static_cast<double>(Bytes::GiB(1).count()), 200);
  EXPECT_EQ(gains[1].amount, Bytes::GiB(2));
  EXPECT_DOUBLE_EQ(gains[1].hits * static_cast<double>(Bytes::GiB(1).count()), 10);
  EXPECT_TRUE(GainsOf(vm, Bytes::GiB(13), Bytes::GiB(20)).empty());
  EXPECT_TRUE(GainsOf(Vm(), Bytes::GiB(0), Bytes::GiB(20)).empty());
}

TEST(GainsOf, AMadeUpCurveIsStraightened) {
  Vm vm;
  vm.access_rate = 1000;
  vm.curve = {
      {Bytes::GiB(1), 0.0}, {Bytes::GiB(2), 0.0}, {Bytes::GiB(3), 0.9}, {Bytes::GiB(3), 1.0}, {Bytes::GiB(4), 0.2}};
  const std::vector<Gain> gains = GainsOf(vm, Bytes::GiB(0), Bytes::GiB(10));
  ASSERT_EQ(gains.size(), 2u);
  EXPECT_EQ(gains[0].amount, Bytes::GiB(3));
  EXPECT_DOUBLE_EQ(gains[0].hits * static_cast<double>(Bytes::GiB(1).count()), 300);
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
