// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/amount.h"

#include <gtest/gtest.h>

namespace hypertier::tierctl {
namespace {

TEST(ParseAmount, TellsANewSizeFromAChange) {
  EXPECT_EQ(ParseAmount(v1::TIER_KIND_FMEM, "1GiB")->target_bytes(), 1U << 30);
  EXPECT_EQ(ParseAmount(v1::TIER_KIND_FMEM, "+512MiB")->delta_bytes(), 512 << 20);
  EXPECT_EQ(ParseAmount(v1::TIER_KIND_SMEM, "-4k")->delta_bytes(), -4096);
  EXPECT_EQ(ParseAmount(v1::TIER_KIND_SMEM, "0")->target_bytes(), 0U);
}

TEST(ParseAmount, RefusesWhatIsNoSize) {
  for (const char* text : {"", "+", "-", "lots", "1", "++4k", "99000000000GiB", "+9000000TiB"}) {
    EXPECT_FALSE(ParseAmount(v1::TIER_KIND_FMEM, text).ok()) << text;
  }
}

}  // namespace
}  // namespace hypertier::tierctl
