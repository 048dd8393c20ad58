// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/hyperflex/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace hypertier::agent {
namespace {

using ::testing::HasSubstr;

constexpr char kFull[] =
    "abi 1\ngeneration 7\nsource agent\ntransport reporting\nisolate 1\nrediscards 2\noom_deflates 3\n"
    "oom_deflated_bytes 8388608\nbroken 0\nnovel thing with spaces\n"
    "fmem.node 0\nfmem.present_bytes 536870912\nfmem.free_bytes 1048576\nfmem.balloon_target_bytes 4194304\n"
    "fmem.balloon_bytes 2097152\nfmem.shortfall_bytes 2097152\nfmem.state short\nfmem.future 9\n"
    "smem.node 1\nsmem.present_bytes 1073741824\nsmem.state deflating\nxmem.node 5\n";

TEST(ParseSnapshot, ReadsEveryKeyAndPassesOverUnknownOnes) {
  const auto snapshot = ParseSnapshot(kFull);
  ASSERT_TRUE(snapshot.ok()) << snapshot.status();
  EXPECT_EQ(snapshot->generation, 7u);
  EXPECT_EQ(snapshot->source, Snapshot::Source::kAgent);
  EXPECT_EQ(snapshot->transport, Snapshot::Transport::kReporting);
  EXPECT_EQ(snapshot->rediscards, 2u);
  EXPECT_EQ(snapshot->oom_deflates, 3u);
  EXPECT_EQ(snapshot->oom_deflated, Bytes::MiB(8));
  EXPECT_FALSE(snapshot->broken);
  const TierSnapshot fmem = {
      0, Bytes::MiB(512), Bytes::MiB(1), Bytes::MiB(4), Bytes::MiB(2), Bytes::MiB(2), TierSnapshot::State::kShort};
  EXPECT_EQ(snapshot->tiers.fmem(), fmem);
  ASSERT_TRUE(snapshot->tiers.smem().has_value());
  EXPECT_EQ(snapshot->tiers.smem()->node, 1u);
  EXPECT_EQ(snapshot->tiers.smem()->state, TierSnapshot::State::kDeflating);
}

TEST(ParseSnapshot, AGuestMayHaveOneTierOnly) {
  const auto snapshot = ParseSnapshot("abi 1\nfmem.node 0\n");
  ASSERT_TRUE(snapshot.ok());
  EXPECT_TRUE(snapshot->tiers.fmem().has_value());
  EXPECT_FALSE(snapshot->tiers.smem().has_value());
}

TEST(ParseSnapshot, NamesTheLineThatIsWrong) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "without \"abi\""},
      {"generation 1\n", "without \"abi\""},
      {"abi 2\n", "install agent and module of the same release"},
      {"abi one\n", "line 1"},
      {"abi 1\ngeneration -1\n", "line 2"},
      {"abi 1\ngeneration\n", "line 2"},
      {"abi 1\n\n", "line 2"},
      {"abi 1\nbroken yes\n", "line 2"},
      {"abi 1\nfmem.node 4294967296\n", "line 2"},
      {"abi 1\nfmem.balloon_bytes 18446744073709551616\n", "line 2"},
      {std::string(kMaxSnapshot + 1, 'x'), "more than 4096 bytes"},
  };
  for (const auto& [text, why] : cases) {
    const auto snapshot = ParseSnapshot(text);
    ASSERT_FALSE(snapshot.ok()) << text;
    EXPECT_THAT(std::string(snapshot.status().message()), HasSubstr(why));
  }
}

}  // namespace
}  // namespace hypertier::agent
