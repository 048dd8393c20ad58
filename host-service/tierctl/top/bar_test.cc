// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/bar.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace hypertier::tierctl::top {
namespace {

TEST(Bar, ShowsResidentChargedAndTarget) {
  EXPECT_EQ(Bar({.whole = 100, .charged = 60, .resident = 30, .target = 60}, 10, kAscii), "###+++|---");
  EXPECT_EQ(Bar({.whole = 100, .charged = 60, .resident = 60, .target = 40}, 10, kAscii), "####|#----") << "shrinking";
  EXPECT_EQ(Bar({.whole = 100, .charged = 100, .resident = 100, .target = 100}, 10, kAscii), "#########|") << "full";
  EXPECT_EQ(Bar({.whole = 100, .charged = 50, .resident = {}, .target = {}}, 4, kBlocks), "▒▒──");
}

TEST(Bar, IsAsWideAsAskedForWhateverTheFiguresAre) {
  EXPECT_EQ(Bar({.whole = 0, .charged = 5, .resident = 5, .target = 5}, 4, kAscii), "----");
  EXPECT_EQ(Bar({.whole = 1, .charged = UINT64_MAX, .resident = UINT64_MAX, .target = UINT64_MAX}, 4, kAscii), "###|");
  EXPECT_EQ(Bar({.whole = 10, .charged = 5, .resident = 5, .target = 5}, 0, kAscii), "");
}

TEST(ShortSize, TakesFiveColumnsAtMost) {
  EXPECT_EQ(ShortSize(0), "0B");
  EXPECT_EQ(ShortSize(16ULL << 30), "16G");
  EXPECT_EQ(ShortSize(3ULL << 29), "1.50G");
  EXPECT_EQ(ShortSize((10ULL << 30) - 1), "10.0G");
  EXPECT_EQ(ShortSize((100ULL << 30) - 1), "100G");
  EXPECT_EQ(ShortSize(UINT64_MAX), "16.0E");
  for (std::uint64_t bytes = 1; bytes != 0; bytes <<= 1) {
    for (const std::uint64_t n : {bytes - 1, bytes, bytes + bytes / 2, bytes + bytes / 1000}) {
      EXPECT_LE(ShortSize(n).size(), 5U) << n;
    }
  }
}

}  // namespace
}  // namespace hypertier::tierctl::top
