// SPDX-License-Identifier: Apache-2.0
#include "host-service/confinement/numa_maps.h"

#include <gmock/gmock.h>

namespace hypertier {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kText[] =
    "55d0c8a00000 default file=/usr/bin/qemu-system-x86_64 mapped=700 N0=700 kernelpagesize_kB=4\n"
    "7f0000000000 bind:0 file=/memfd:ram\\040(deleted) dirty=300 active=0 N0=200 N1=100 kernelpagesize_kB=4\n"
    "7f0000100000 bind:0 file=/memfd:ram\\040(deleted) huge dirty=3 N1=3 kernelpagesize_kB=2048\n"
    "7f0000200000 default anon=9 dirty=9 N0=9 kernelpagesize_kB=4\n";

TEST(NumaMaps, AddsUpTheMappingsOfARangeByNode) {
  EXPECT_THAT(ParseNumaMaps(kText, 0x7f0000000000, Bytes(0x200000)),
              ElementsAre(Pair(0, Bytes::KiB(800)), Pair(1, Bytes::KiB(400) + Bytes::MiB(6))));
}

TEST(NumaMaps, OfOtherMappingsNothingCounts) {
  EXPECT_THAT(ParseNumaMaps(kText, 0x7f0000200000, Bytes(0x1000)), ElementsAre(Pair(0, Bytes::KiB(36))));
  EXPECT_THAT(ParseNumaMaps(kText, 0x7e0000000000, Bytes(0x1000)), IsEmpty());
}

TEST(NumaMaps, WhatCannotBeReadIsSkipped) {
  EXPECT_THAT(ParseNumaMaps("\n7f00 N0=x N=3 Nz=1 N1=2 =\nzz N0=1\n7f00", 0x7f00, Bytes(1)),
              ElementsAre(Pair(1, Bytes::KiB(8))));
}

}  // namespace
}  // namespace hypertier
