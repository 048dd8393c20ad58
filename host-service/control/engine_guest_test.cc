// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/control/engine_harness.h"

namespace hypertier::control {
namespace {

using agent::v1::Report;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(EngineGuest, FiguresBeyondTheCellsAreBoundedAndCounted) {
  Harness h;
  h.BecomeManaged();
  Report report = Harness::Report(0, Bytes(), Bytes(), Report::SOURCE_BOOT);
  for (agent::v1::TierReport& tier : *report.mutable_tiers()) {
    tier.set_present_bytes(UINT64_MAX);
    tier.set_free_bytes(UINT64_MAX);
    tier.set_balloon_bytes(UINT64_MAX);
    tier.set_shortfall_bytes(UINT64_MAX);
    tier.set_floor_bytes(UINT64_MAX);
  }
  h.Say(report);
  const TierRecord tier = h.Tier(TierId::kFmem);
  EXPECT_EQ(tier.balloon, Bytes::GiB(1));
  EXPECT_EQ(tier.free, Bytes::GiB(1));
  EXPECT_EQ(tier.shortfall, Bytes::GiB(1));
  EXPECT_LE(tier.floor, Bytes::GiB(1));
  EXPECT_EQ(h.Vm()->agent.implausible_figures, 10u);
}

TEST(EngineGuest, TiersNamedTwiceOrUnknownAreLeftOut) {
  Harness h;
  h.BecomeManaged();
  Report report = Harness::Report(0, Bytes(), Bytes(), Report::SOURCE_BOOT);
  *report.add_tiers() = report.tiers(0);
  report.mutable_tiers(2)->set_balloon_bytes(4096);
  report.add_tiers()->set_tier(agent::v1::TIER_UNSPECIFIED);
  h.Say(report);
  EXPECT_EQ(h.Tier(TierId::kFmem).balloon, Bytes()) << "the first counts";
  EXPECT_EQ(h.Vm()->agent.implausible_figures, 2u);
  EXPECT_EQ(h.Vm()->management, Management::kManaged);
}

TEST(EngineGuest, MessagesOutOfTurnAreIgnored) {
  Harness h;
  h.Say(Harness::Report(1, Bytes(), Bytes()));
  h.LinkUp();
  h.engine->HandleLinkDown(kUuid, "x", h.now);
  h.engine->HandleCommandFailed(kUuid, 1, "x", h.now);
  h.Measure(Bytes(), Bytes());
  h.engine->HandleReboot(kUuid, h.now);
  h.engine->HandleAttached(kUuid, absl::OkStatus(), h.now);
  h.engine->HandleGone(kUuid, h.now);
  h.Define();
  h.Appear();
  h.Say(Harness::Report(1, Bytes::MiB(1), Bytes()));
  EXPECT_FALSE(h.Tier(TierId::kFmem).balloon.has_value()) << "no link, no report";
}

TEST(EngineGuest, AnOutOfMemoryDeflateIsAnEventAndCountersThatGoBackAreNone) {
  Harness h;
  h.BecomeManaged();
  Report report = Harness::Report(0, Bytes(), Bytes(), Report::SOURCE_BOOT);
  report.set_oom_deflates(2);
  report.set_oom_deflated_bytes(Bytes::MiB(16).count());
  h.Say(report);
  EXPECT_EQ(h.CountEvents(EventKind::kOomDeflate), 1);
  EXPECT_THAT(h.Vm()->events->back().message, HasSubstr("16 MiB"));
  report.set_oom_deflates(1);
  report.set_oom_deflated_bytes(UINT64_MAX);
  h.Say(report);
  EXPECT_EQ(h.CountEvents(EventKind::kOomDeflate), 1);
  EXPECT_EQ(h.Vm()->agent.oom_deflates, 1u);
}

TEST(EngineGuest, PlacementIsShownWhileTheLinkIsUpWithOrWithoutBalloons) {
  Harness h;
  h.Define();
  h.Appear();
  h.LinkUp("boot-1", false);
  EXPECT_EQ(h.Vm()->placement, nullptr);
  Report report;
  report.mutable_placement()->set_source("pebs");
  h.Say(report);
  ASSERT_NE(h.Vm()->placement, nullptr);
  EXPECT_EQ(h.Vm()->placement->source(), "pebs");
  h.engine->HandleLinkDown(kUuid, "the port closed", h.now);
  EXPECT_EQ(h.Vm()->placement, nullptr) << "nobody says so any more";
  h.LinkUp("boot-1", false);
  EXPECT_EQ(h.Vm()->placement, nullptr) << "that was another session";
}

TEST(EngineGuest, TheMoveRateOfTheMetadataIsSaidUntilTheAgentConfirmsIt) {
  Harness h;
  h.Define().move_rate = Bytes::MiB(64);
  h.Appear();
  h.LinkUp("boot-1", false);
  Report report;
  h.Say(report);
  EXPECT_TRUE(h.agents.limits[kUuid].empty()) << "nothing is placed there";
  report.mutable_placement()->set_source("pebs");
  h.Say(report);
  h.Say(report);
  ASSERT_THAT(h.agents.limits[kUuid], ElementsAre(Bytes::MiB(64), Bytes::MiB(64)));
  report.mutable_placement()->set_move_limit(Bytes::MiB(64).count());
  h.Say(report);
  EXPECT_EQ(h.agents.limits[kUuid].size(), 2u);
  // The metadata is changed.
  h.Define().move_rate.reset();
  h.Appear();
  h.Say(report);
  EXPECT_EQ(h.agents.limits[kUuid].back(), Bytes());
}

TEST(EngineGuest, MemoryBackedAgainIsHandedOverOnceMoreAfterTwoMeasurements) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  const std::uint64_t generation = h.LastSent().generation();
  h.Say(Harness::Report(generation, Bytes::MiB(512), Bytes()));
  h.Measure(Bytes::MiB(512), Bytes());
  const auto over = [&] {
    h.Pass(absl::Seconds(1));
    h.Say(Harness::Report(generation, Bytes::MiB(512), Bytes()));
    h.Measure(Bytes::GiB(1), Bytes());
  };
  over();
  EXPECT_EQ(h.agents.rediscards[kUuid], 0) << "one may be chance";
  over();
  EXPECT_EQ(h.agents.rediscards[kUuid], 1);
  EXPECT_EQ(h.CountEvents(EventKind::kRediscard), 1);
  for (int i = 0; i < 60; ++i) over();
  EXPECT_EQ(h.agents.rediscards[kUuid], 4) << "after 5, 10 and 20 s more, then 40";
  for (int i = 0; i < 3600; ++i) over();
  EXPECT_LE(h.agents.rediscards[kUuid], 20) << "at most every five minutes";
  h.Measure(Bytes::MiB(512), Bytes());
  over();
  over();
  EXPECT_GE(h.agents.rediscards[kUuid], 5);
}

TEST(EngineGuest, NoRediscardWhileMemoryMovesOrTheAgentIsAway) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  Report report = Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes());
  report.mutable_tiers(0)->set_balloon_bytes(0);
  for (int i = 0; i < 20; ++i) {
    h.Pass(absl::Seconds(1));
    h.Say(report);
    h.Measure(Bytes::GiB(1), Bytes());
  }
  h.engine->HandleLinkDown(kUuid, "closed", h.now);
  for (int i = 0; i < 20; ++i) h.Measure(Bytes::GiB(1), Bytes::GiB(2));
  EXPECT_EQ(h.agents.rediscards[kUuid], 0);
}

TEST(EngineGuest, AShrinkAfterARestoreAsksForARediscardRatherThanWaitForEver) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  const auto round = [&](Bytes resident) {
    h.Pass(absl::Seconds(1));
    h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
    h.Measure(resident, Bytes());
  };
  for (int i = 0; i < 4; ++i) round(Bytes::GiB(1));
  EXPECT_EQ(h.agents.rediscards[kUuid], 1);
  round(Bytes::MiB(512));
  EXPECT_EQ(h.Operation(id)->record.state, OperationRecord::State::kSucceeded);
}

TEST(EngineGuest, AnotherVmsTroubleChangesNothingHere) {
  constexpr char kOther[] = "22222222-2222-4222-8222-222222222222";
  Harness h;
  h.BecomeManaged();
  h.Define(kOther, "web2");
  h.Appear(DomainState::kRunning, kOther);
  h.LinkUp("boot-9", true, kOther);
  h.Say(Harness::Report(0, Bytes(), Bytes(), Report::SOURCE_BOOT), kOther);
  const VmPtr before = h.Vm(kOther);
  for (int i = 0; i < 50; ++i) {
    h.engine->HandleLinkReset(kUuid, "garbage", h.now);
    h.LinkUp();
    Report report = Harness::Report(UINT64_MAX, Bytes::Max(), Bytes::Max(), Report::SOURCE_TOTAL);
    h.Say(report);
  }
  EXPECT_EQ(h.Vm(kOther), before);
}

}  // namespace
}  // namespace hypertier::control
