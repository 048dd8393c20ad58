// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/boot_string.h"

#include <gtest/gtest.h>

namespace hypertier::domain {
namespace {

TEST(BootString, RoundTrips) {
  const PerTier<Bytes> balloons{Bytes::MiB(256), Bytes()};
  EXPECT_EQ(FormatBootString(balloons), "hypertier:v1 fmem-node=0 smem-node=1 fmem-balloon=268435456 smem-balloon=0");
  EXPECT_EQ(ParseBootString(FormatBootString(balloons)), balloons);
}

TEST(BootString, IgnoresOtherStringsAndRefusesMalformedOnes) {
  EXPECT_EQ(ParseBootString("Dell System"), std::nullopt);
  EXPECT_EQ(ParseBootString(""), std::nullopt);
  EXPECT_EQ(ParseBootString("hypertier:v2 fmem-balloon=1"), std::nullopt);
  EXPECT_EQ(ParseBootString("hypertier:v1 fmem-balloon=-4096"), std::nullopt);
  EXPECT_EQ(ParseBootString("hypertier:v1"), (PerTier<Bytes>{}));
}

}  // namespace
}  // namespace hypertier::domain
