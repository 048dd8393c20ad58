// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/progress.h"

#include <gtest/gtest.h>

namespace hypertier::tierctl {
namespace {

v1::Operation::TierProgress Tier(std::uint64_t start, std::uint64_t current, std::uint64_t target) {
  v1::Operation::TierProgress tier;
  tier.set_start_bytes(start);
  tier.set_current_bytes(current);
  tier.set_target_bytes(target);
  return tier;
}

TEST(Fraction, MeasuresTheWayGoneBothUpAndDown) {
  EXPECT_DOUBLE_EQ(Fraction(Tier(100, 75, 50)), 0.5);
  EXPECT_DOUBLE_EQ(Fraction(Tier(100, 125, 150)), 0.5);
  EXPECT_DOUBLE_EQ(Fraction(Tier(100, 100, 100)), 1);
  EXPECT_DOUBLE_EQ(Fraction(Tier(100, 120, 50)), 0) << "a guest that moved the other way";
  EXPECT_DOUBLE_EQ(Fraction(Tier(0, 200, 100)), 1) << "overshoot";
}

TEST(FormatProgress, ShowsBarSizesAndShortfall) {
  v1::Operation operation;
  *operation.add_tiers() = Tier(512ULL << 20, 384ULL << 20, 256ULL << 20);
  operation.mutable_tiers(0)->set_tier(v1::TIER_KIND_FMEM);
  operation.mutable_tiers(0)->set_shortfall_bytes(4096);
  EXPECT_EQ(FormatProgress(operation),
            "fmem  [############------------]  50%  512 MiB -> 256 MiB, now 384 MiB, short by 4 KiB\n");
}

}  // namespace
}  // namespace hypertier::tierctl
