// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/proc_stat.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hypertier::agent {
namespace {

// As the kernel writes it; `brk` is one of the six numbers that tell images apart.
std::string Text(std::string_view name, std::string_view state = "S", std::string_view flags = "4194560",
                 std::string_view rss = "2048", std::uint64_t brk = 94000000) {
  return fmt::format(
      "4711 ({}) {} 1 4711 4711 0 -1 {} 300 0 5 0 12 3 0 0 20 0 4 0 998877 104857600 {} 18446744073709551615 4194304 "
      "4259840 140730000000000 0 0 0 0 4096 81920 0 0 0 17 1 0 0 0 0 0 4263936 4268032 {} 140730000001000 "
      "140730000001010 140730000001010 140730000001020 0\n",
      name, state, flags, rss, brk);
}

TEST(ParseProcStat, ReadsWhatThePlacementNeeds) {
  const auto stat = ParseProcStat(Text("redis-server"));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->pid, 4711);
  EXPECT_EQ(stat->command, "redis-server");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->start_time, 998877u);
  EXPECT_EQ(stat->vsize, Bytes::MiB(100));
  EXPECT_EQ(stat->rss, Bytes::MiB(8));
  EXPECT_FALSE(stat->kernel_thread);
  EXPECT_TRUE(stat->alive());
  EXPECT_FALSE(ParseProcStat(Text("x", "Z"))->alive());
}

TEST(ParseProcStat, TheNameMayHoldAnything) {
  for (const std::string_view name : {"", ")", ") S 1 2 3", "a\nb", "((", " (", "\xff\xfe", "9 (x) Z 1"}) {
    const auto stat = ParseProcStat(Text(name));
    ASSERT_TRUE(stat.has_value()) << name;
    EXPECT_EQ(stat->command, name);
    EXPECT_EQ(stat->start_time, 998877u);
    EXPECT_EQ(stat->state, 'S');
  }
}

TEST(ParseProcStat, TellsKernelThreadsAndNegativeSizes) {
  EXPECT_TRUE(ParseProcStat(Text("kswapd0", "S", "2129984"))->kernel_thread);
  EXPECT_EQ(ParseProcStat(Text("x", "R", "0", "-3"))->rss, Bytes());
  EXPECT_EQ(ParseProcStat(Text("x", "R", "0", "18446744073709551615"))->rss, Bytes::Max());
}

TEST(ParseProcStat, AnotherImageAfterExec) {
  EXPECT_EQ(ParseProcStat(Text("a"))->image, ParseProcStat(Text("b"))->image);
  EXPECT_NE(ParseProcStat(Text("a"))->image, ParseProcStat(Text("a", "S", "4194560", "2048", 94000001))->image);
}

TEST(ParseProcStat, RefusesWhatIsNoSuchText) {
  const std::string good = Text("x");
  for (std::size_t length = 0; length + 60 < good.size(); ++length) {
    // Cut off anywhere: nothing, or (in the last numbers that matter) some number; never a crash.
    (void)ParseProcStat(std::string_view(good).substr(0, length));
  }
  for (const std::string& bad :
       {std::string(), std::string("4711"), std::string("4711 (x"), std::string("x (x) S 1"), std::string(") ("),
        std::string("0 (x") + good.substr(good.find(')')), std::string("99999999999 (x") + good.substr(good.find(')')),
        Text("x", "SS"), Text("x", "S", "flags"), Text("x", "S", "0", "--1"), good.substr(0, 150)}) {
    EXPECT_FALSE(ParseProcStat(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace hypertier::agent
