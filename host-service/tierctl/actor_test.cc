// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/actor.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace hypertier::tierctl {
namespace {

TEST(MetadataText, IsPrintableAsciiWhateverTheNameIs) {
  EXPECT_EQ(MetadataText("alice"), "alice");
  EXPECT_EQ(MetadataText(" CORP\\alice b "), "CORP\\alice b");
  EXPECT_EQ(MetadataText("a\r\nx: y\x7f"), "a??x: y?");
  EXPECT_EQ(MetadataText("J\xc3\xbcrgen"), "J??rgen");
  EXPECT_EQ(MetadataText(std::string(1000, 'a')).size(), 128U);
  EXPECT_EQ(MetadataText(""), "");
}

TEST(Actor, IsWhoCalledSudoElseWhoRunsThis) {
  setenv("SUDO_USER", "alice", 1);
  EXPECT_EQ(Actor(), "alice");
  unsetenv("SUDO_USER");
  EXPECT_NE(Actor(), "alice");
  EXPECT_FALSE(Actor().empty());
}

}  // namespace
}  // namespace hypertier::tierctl
