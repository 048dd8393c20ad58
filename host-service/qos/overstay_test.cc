// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/overstay.h"

#include <gtest/gtest.h>

namespace hypertier::qos {
namespace {

// Told to live with 4 GiB.
class OverstayTest : public ::testing::Test {
 protected:
  bool After(int second, std::uint64_t held) {
    overstay_.Update(Bytes::GiB(held), Bytes::GiB(4), absl::Seconds(second));
    return overstay_.Lasts(absl::Seconds(second), absl::Seconds(3));
  }
  Overstay overstay_;
};

TEST_F(OverstayTest, IsToHoldMoreForLongerThanPatienceLasts) {
  EXPECT_FALSE(After(0, 8));
  EXPECT_FALSE(After(2, 8));
  EXPECT_TRUE(After(3, 8));
  EXPECT_TRUE(After(4, 9));
}

TEST_F(OverstayTest, IsNotToGiveBackSlowly) {
  for (int second = 0; second < 20; second += 2) EXPECT_FALSE(After(second, static_cast<std::uint64_t>(30 - second)));
  EXPECT_FALSE(After(20, 12));
  EXPECT_TRUE(After(21, 12));
}

TEST_F(OverstayTest, APageNowAndThenIsNoGivingBack) {
  bool overstays = false;
  for (int second = 0; second < 20; ++second) {
    overstay_.Update(Bytes::GiB(8) - Bytes::KiB(4 * static_cast<std::uint64_t>(second)), Bytes::GiB(4),
                     absl::Seconds(second));
    overstays = overstay_.Lasts(absl::Seconds(second), absl::Seconds(3));
    EXPECT_EQ(overstays, second >= 3) << second;
  }
}

TEST_F(OverstayTest, ALotThatIsGivenBackSlowlyIsGivingBack) {
  // Through 4 KiB requests a guest gives back 0.2 GiB a second.
  for (int second = 0; second < 60; ++second) {
    overstay_.Update(Bytes::GiB(1024) - Bytes::MiB(200 * static_cast<std::uint64_t>(second)), Bytes::GiB(4),
                     absl::Seconds(second));
    EXPECT_FALSE(overstay_.Lasts(absl::Seconds(second), absl::Seconds(3))) << second;
  }
}

TEST_F(OverstayTest, EndsWithWhatWasToBeGivenBack) {
  EXPECT_FALSE(After(0, 8));
  EXPECT_TRUE(After(5, 8));
  EXPECT_FALSE(After(6, 4));
  EXPECT_FALSE(After(7, 8));
}

TEST_F(OverstayTest, GoesFromCompliantOverLaggingToViolatingAndBack) {
  const auto at = [&](int second, std::uint64_t held) {
    After(second, held);
    return overstay_.At(absl::Seconds(second), absl::Seconds(3));
  };
  EXPECT_EQ(at(0, 4), Compliance::kCompliant);
  EXPECT_EQ(at(1, 8), Compliance::kLagging);
  EXPECT_EQ(at(4, 8), Compliance::kViolating);
  EXPECT_EQ(at(5, 7), Compliance::kLagging);
  EXPECT_EQ(at(6, 4), Compliance::kCompliant);
}

}  // namespace
}  // namespace hypertier::qos
