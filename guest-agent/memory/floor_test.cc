// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/memory/floor.h"

#include <gtest/gtest.h>

namespace hypertier::agent {
namespace {

constexpr char kMeminfo[] =
    "Node 1 MemTotal:        1000000 kB\nNode 1 MemFree:          900000 kB\nNode 1 Unevictable:          10 kB\n"
    "Node 1 Mlocked:              10 kB\nNode 1 KernelStack:        1000 kB\nNode 1 PageTables:          200 kB\n"
    "Node 1 SecPageTables:         3 kB\nNode 1 Slab:              70000 kB\nNode 1 SReclaimable:      30000 kB\n"
    "Node 1 SUnreclaim:        40000 kB\nNode 1 HugePages_Total:     2\nNode 1 HugePages_Free:      2\n";

constexpr char kZoneinfo[] =
    "Node 0, zone      DMA\n  pages free     1\n        min      5\n        low      6\n        high     7\n"
    "Node 1, zone    DMA32\n  pages free     1\n        min      10\n        low      20\n        high     30\n"
    "    cpu: 0\n              count: 1\n              high:  999\n              batch: 1\n"
    "Node 1, zone   Normal\n        high     70\nNode 10, zone   Normal\n        high     5000\n";

TEST(NodeFloor, SumsWhatTheKernelCannotGiveUp) {
  const Bytes needed = Bytes::KiB(10 + 1000 + 200 + 3 + 40000) + Bytes::MiB(4);
  EXPECT_EQ(NodeFloor(kMeminfo, kZoneinfo, 1), needed + Bytes::KiB(4 * 100));
}

TEST(NodeFloor, CountsWhatCannotBeReadAsNothing) {
  EXPECT_EQ(NodeFloor("", "", 0), Bytes());
  EXPECT_EQ(NodeFloor("garbage\n:::\nNode 0 SUnreclaim: x kB", "Node 0, zone X\nhigh y\n", 0), Bytes());
  EXPECT_EQ(NodeFloor("Node 0 SUnreclaim: 18446744073709551615 kB", "", 0), Bytes::Max());
  EXPECT_EQ(ReadNodeFloors("/nonexistent", {0, 1}), PerTier<Bytes>());
}

}  // namespace
}  // namespace hypertier::agent
