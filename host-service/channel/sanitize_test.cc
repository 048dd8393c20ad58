// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/sanitize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace hypertier::channel {
namespace {

using ::testing::ElementsAre;

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

TEST(CleanReport, PressureIsAShareOrNotThere) {
  agent::v1::Report report;
  report.set_memory_pressure(0.5);
  EXPECT_EQ(CleanReport(report)->memory_pressure(), 0.5);
  for (const double share : {-0.1, 1.1, std::numeric_limits<double>::quiet_NaN()}) {
    report.set_memory_pressure(share);
    EXPECT_FALSE(CleanReport(report)->has_memory_pressure()) << share;
  }
}

TEST(CleanReport, LeavesOutOfPlacementWhatCannotBe) {
  agent::v1::Report report;
  agent::v1::PlacementReport& placement = *report.mutable_placement();
  placement.set_source("pebs\n\x1b[2J");
  placement.set_source_reason(std::string(5000, 'r'));
  placement.set_hit_ratio(std::numeric_limits<double>::quiet_NaN());
  placement.set_access_rate(-1);
  placement.set_exchanged_bytes(4096);
  const auto add = [&placement](std::uint64_t bytes, double share) {
    placement.add_curve()->set_fmem_bytes(bytes);
    placement.mutable_curve(placement.curve_size() - 1)->set_share(share);
  };
  for (int i = 0; i < 1000; ++i) add(100 + i, 0.5);
  using Refusal = agent::v1::PlacementReport::Refusal;
  for (const int reason : {1, 1, 77, -1, 2}) {
    Refusal& refusal = *placement.add_refusals();
    refusal.set_reason(static_cast<Refusal::Reason>(reason));
    refusal.set_pages(10);
  }
  auto clean = CleanReport(report);
  ASSERT_TRUE(clean.ok());
  ASSERT_EQ(clean->placement().refusals_size(), 2);
  EXPECT_EQ(clean->placement().refusals(0).reason(), Refusal::REASON_BUSY);
  EXPECT_EQ(clean->placement().refusals(1).reason(), Refusal::REASON_PINNED);
  EXPECT_EQ(clean->placement().refusals(1).pages(), 10u);
  EXPECT_EQ(clean->placement().source(), "pebs\\u{a}\\u{1b}[2J");
  EXPECT_EQ(clean->placement().source_reason().size(), 256u);
  EXPECT_FALSE(clean->placement().has_hit_ratio());
  EXPECT_EQ(clean->placement().access_rate(), 0);
  EXPECT_EQ(clean->placement().curve_size(), 16);
  EXPECT_EQ(clean->placement().exchanged_bytes(), 4096u);
  for (const double share : {0.1, 1.5, -0.5, std::numeric_limits<double>::quiet_NaN()}) {
    placement.clear_curve();
    add(100, 0.5);
    add(200, share);
    EXPECT_EQ(CleanReport(report)->placement().curve_size(), 0) << share;
  }
}

}  // namespace
}  // namespace hypertier::channel
