// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/memory/pressure.h"

#include <gtest/gtest.h>

namespace hypertier::agent {
namespace {

using namespace std::chrono_literals;

const PressureGauge::Time kStart = PressureGauge::Time() + 1h;

TEST(PressureGauge, IsWhatTheKernelSaysOfTheLastTenSeconds) {
  PressureGauge gauge;
  EXPECT_DOUBLE_EQ(*gauge.Read("some avg10=12.50 avg60=3.00 avg300=1.00 total=99\nfull avg10=4.00 avg60=0.00\n",
                               "workingset_refault_file 5\n", kStart),
                   0.125);
  EXPECT_DOUBLE_EQ(*gauge.Read("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", "", kStart), 0);
}

TEST(PressureGauge, WithoutPsiEachPageThatIsReadAgainCostsARead) {
  PressureGauge gauge;
  EXPECT_EQ(gauge.Read("", "nr_free_pages 1\nworkingset_refault_anon 100\nworkingset_refault_file 900\n", kStart),
            std::nullopt);
  EXPECT_DOUBLE_EQ(*gauge.Read("", "workingset_refault_anon 600\nworkingset_refault_file 2400\n", kStart + 1s), 0.2);
  // Never more than all the time.
  EXPECT_DOUBLE_EQ(*gauge.Read("", "workingset_refault_file 9000000\n", kStart + 2s), 1);
}

TEST(PressureGauge, WhatCannotBeSaidIsNotSaid) {
  PressureGauge gauge;
  EXPECT_EQ(gauge.Read("", "", kStart), std::nullopt);
  EXPECT_EQ(gauge.Read("some avg10=x\n", "", kStart), std::nullopt);
  // A counter that has gone back, and no time at all.
  EXPECT_EQ(gauge.Read("", "workingset_refault_file 10\n", kStart), std::nullopt);
  EXPECT_EQ(gauge.Read("", "workingset_refault_file 5\n", kStart + 1s), std::nullopt);
  EXPECT_EQ(gauge.Read("", "workingset_refault_file 9\n", kStart + 1s), std::nullopt);
}

}  // namespace
}  // namespace hypertier::agent
