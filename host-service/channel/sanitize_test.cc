// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/sanitize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::channel {
namespace {

using ::testing::ElementsAre;

TEST(Printable, KeepsTextAndEscapesWhatCouldActOnATerminalOrMislead) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {"1.2.3-rc1 (Grüße, 漢字, 🙂)", "1.2.3-rc1 (Grüße, 漢字, 🙂)"},
      {"a\x1b[31mred\n\r\t\x7f", "a\\u{1b}[31mred\\u{a}\\u{d}\\u{9}\\u{7f}"},
      {std::string("nul\0", 4), "nul\\u{0}"},
      {"\xc2\x9b"
       "C1",
       "\\u{9b}C1"},
      {"\xe2\x80\xae"
       "evil",
       "\\u{202e}evil"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\xc0\xaf", "\\xc0\\xaf"},                    // overlong "/"
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},           // a surrogate
      {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},  // beyond Unicode
      {"cut \xe6\xbc", "cut \\xe6\\xbc"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(Printable(text, 256), shown);
}

TEST(Printable, NeverCutsACharacterOrAnEscapeInTwo) {
  EXPECT_EQ(Printable("abcdef", 3), "abc");
  EXPECT_EQ(Printable("ab\xc3\xbc", 3), "ab");
  EXPECT_EQ(Printable("ab\n", 5), "ab");
  EXPECT_EQ(Printable(std::string(1000, '\n'), 256).size(), 255u);
}

TEST(CleanHello, KeepsKnownFeaturesOnceAndBoundsStrings) {
  agent::v1::GuestHello hello;
  for (int i = 0; i < 1000; ++i) hello.add_features(agent::v1::FEATURE_BALLOONS);
  hello.add_features(static_cast<agent::v1::Feature>(77));
  hello.set_agent_version(std::string(5000, 'v'));
  hello.set_kernel_release(std::string(5000, 'k'));
  hello.set_boot_id(std::string(5000, 'b'));
  hello.set_balloons_unavailable(std::string(5000, 'u'));
  const auto clean = CleanHello(hello);
  EXPECT_THAT(clean.features(), ElementsAre(agent::v1::FEATURE_BALLOONS));
  EXPECT_EQ(clean.agent_version().size(), 64u);
  EXPECT_EQ(clean.kernel_release().size(), 128u);
  EXPECT_EQ(clean.boot_id().size(), 64u);
  EXPECT_EQ(clean.balloons_unavailable().size(), 256u);
}

TEST(CleanReport, RefusesATierTwiceOrUnknownAndPassesFiguresAsTheyAre) {
  agent::v1::Report report;
  report.set_source(static_cast<agent::v1::Report::Source>(99));
  report.add_tiers()->set_tier(agent::v1::TIER_SMEM);
  report.mutable_tiers(0)->set_balloon_bytes(UINT64_MAX);
  report.mutable_tiers(0)->set_state(static_cast<agent::v1::TierReport::State>(99));
  const auto clean = CleanReport(report);
  ASSERT_TRUE(clean.ok());
  EXPECT_EQ(clean->source(), agent::v1::Report::SOURCE_UNSPECIFIED);
  EXPECT_EQ(clean->tiers(0).balloon_bytes(), UINT64_MAX);
  EXPECT_EQ(clean->tiers(0).state(), agent::v1::TierReport::STATE_UNSPECIFIED);
  report.add_tiers()->set_tier(agent::v1::TIER_SMEM);
  EXPECT_FALSE(CleanReport(report).ok());
  report.mutable_tiers(1)->set_tier(agent::v1::TIER_UNSPECIFIED);
  EXPECT_FALSE(CleanReport(report).ok());
}

}  // namespace
}  // namespace hypertier::channel
