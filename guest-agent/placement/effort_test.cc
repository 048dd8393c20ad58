// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/effort.h"

#include <gtest/gtest.h>

namespace hypertier::agent {
namespace {

using std::chrono::seconds;

constexpr Bytes kFmem = Bytes::GiB(16);

class EffortTest : public testing::Test {
 protected:
  EffortTest() { Update(0, Bytes::GiB(64), Bytes()); }

  void Update(int second, Bytes resident, Bytes moved) {
    effort_.Update(ranges::Time(std::chrono::hours(1) + seconds(second)), resident, moved, kFmem);
  }

  Effort effort_;
};

TEST_F(EffortTest, LearnsAtFirstAndSettlesWhenNothingIsNew) {
  EXPECT_TRUE(Effort().learning());
  EXPECT_TRUE(effort_.learning());
  Update(9, Bytes::GiB(64), Bytes());
  EXPECT_TRUE(effort_.learning());
  Update(10, Bytes::GiB(64), Bytes());
  EXPECT_FALSE(effort_.learning());
  EXPECT_EQ(effort_.shares().sampling, Effort::kSettled.sampling);
  EXPECT_EQ(effort_.shares().planning, Effort::kSettled.planning);
}

TEST_F(EffortTest, MovedPagesAreNews) {
  Update(60, Bytes::GiB(64), Bytes::MiB(65));
  EXPECT_TRUE(effort_.learning());
  EXPECT_EQ(effort_.shares().sampling, Effort::kLearning.sampling);
  Update(69, Bytes::GiB(64), Bytes::MiB(65));
  EXPECT_TRUE(effort_.learning());
  Update(70, Bytes::GiB(64), Bytes::MiB(65));
  EXPECT_FALSE(effort_.learning());
}

TEST_F(EffortTest, AFewMovedPagesAreNotButTheyAddUp) {
  for (int step = 1; step <= 4; ++step) {
    Update(60 + step, Bytes::GiB(64), Bytes::MiB(16U * static_cast<unsigned>(step)));
    EXPECT_FALSE(effort_.learning()) << step;
  }
  Update(65, Bytes::GiB(64), Bytes::MiB(65));
  EXPECT_TRUE(effort_.learning());
}

TEST_F(EffortTest, MemoryThatComesOrGoesIsNews) {
  Update(60, Bytes::GiB(68), Bytes());
  EXPECT_FALSE(effort_.learning());
  Update(61, Bytes::GiB(69), Bytes());
  EXPECT_TRUE(effort_.learning());
  Update(80, Bytes::GiB(69), Bytes());
  EXPECT_FALSE(effort_.learning());
  Update(81, Bytes::GiB(64), Bytes());
  EXPECT_TRUE(effort_.learning());
}

TEST_F(EffortTest, TheFirstProgramIsNews) {
  Update(20, Bytes(), Bytes());
  Update(40, Bytes(), Bytes());
  EXPECT_FALSE(effort_.learning());
  Update(41, Bytes::MiB(32), Bytes());
  EXPECT_TRUE(effort_.learning());
}

}  // namespace
}  // namespace hypertier::agent
