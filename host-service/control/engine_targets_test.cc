// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/control/engine_harness.h"

namespace hypertier::control {
namespace {

using agent::v1::Report;

TEST(EngineTargets, TheBootStringIsShownUntilTheGuestHasSpoken) {
  Harness h;
  h.Define().boot_balloons = PerTier<Bytes>{Bytes::MiB(256), Bytes::GiB(1)};
  h.Appear();
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(768));
  EXPECT_EQ(h.Tier(TierId::kSmem).target, Bytes::GiB(1));
  h.LinkUp();
  h.Say(Harness::Report(0, Bytes::MiB(128), Bytes::GiB(1), Report::SOURCE_BOOT));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(896));
  EXPECT_TRUE(h.ledger.targets.empty()) << "nobody has set targets, so the boot string stays the operator's to edit";
  EXPECT_TRUE(h.agents.sent[kUuid].empty());
}

TEST(EngineTargets, WithoutALedgerEntryTheGuestsOwnTargetsAreAdoptedWithTheirGeneration) {
  Harness h;
  h.Define();
  h.Appear();
  h.LinkUp();
  h.Say(Harness::Report(7, Bytes::MiB(512), Bytes(), Report::SOURCE_AGENT));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
  ASSERT_EQ(h.ledger.targets.size(), 1u);
  EXPECT_EQ(h.ledger.targets[kUuid].generation, 7u);
  EXPECT_EQ(h.CountEvents(EventKind::kTargetsAdopted), 1);
  EXPECT_TRUE(h.agents.sent[kUuid].empty()) << "the guest is there already";
  h.Begin(Bytes::MiB(768));
  EXPECT_EQ(h.LastSent().generation(), 8u);
}

TEST(EngineTargets, TheLedgerWinsOverWhatTheGuestBootedWith) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  const std::uint64_t generation = h.LastSent().generation();
  h.Restart();
  h.synced = false;
  h.Appear();
  h.LinkUp();
  h.Say(Harness::Report(0, Bytes(), Bytes(), Report::SOURCE_BOOT));
  EXPECT_EQ(h.LastSent().generation(), generation);
  EXPECT_EQ(h.LastSent().fmem_balloon_bytes(), Bytes::MiB(512).count());
  EXPECT_EQ(h.LastSent().smem_balloon_bytes(), 0u);
}

TEST(EngineTargets, AReportOfOurGenerationWithOtherSizesIsToldAgainOnceASecond) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  const std::size_t sent = h.agents.sent[kUuid].size();
  for (int i = 0; i < 20; ++i) {
    h.Pass(absl::Milliseconds(100));
    h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(1), Bytes()));
  }
  EXPECT_EQ(h.agents.sent[kUuid].size(), sent + 2);
}

TEST(EngineTargets, ATotalSetByVirshIsAdoptedAndWrittenDown) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  const std::size_t sent = h.agents.sent[kUuid].size();
  h.Pass(absl::Seconds(3));
  h.Say(Harness::Report(0, Bytes::MiB(256), Bytes::MiB(512), Report::SOURCE_TOTAL));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(768));
  EXPECT_EQ(h.Tier(TierId::kSmem).target, Bytes::MiB(1536));
  EXPECT_EQ(h.ledger.targets[kUuid].targets.fmem(), Bytes::MiB(768));
  EXPECT_EQ(h.CountEvents(EventKind::kTargetsAdopted), 1);
  EXPECT_EQ(h.agents.sent[kUuid].size(), sent) << "nothing to tell: the guest is doing it";
  h.Say(Harness::Report(0, Bytes::MiB(256), Bytes::MiB(512), Report::SOURCE_TOTAL));
  EXPECT_EQ(h.CountEvents(EventKind::kTargetsAdopted), 1);
}

TEST(EngineTargets, AResizeAfterATotalWinsOverThatTotal) {
  Harness h;
  h.BecomeManaged();
  h.Say(Harness::Report(0, Bytes::MiB(256), Bytes(), Report::SOURCE_TOTAL));
  ASSERT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(768));
  h.Pass(absl::Seconds(3));
  h.Begin(Bytes::MiB(512));
  // The guest has not got round to it and still shows the total.
  h.Say(Harness::Report(0, Bytes::MiB(256), Bytes(), Report::SOURCE_TOTAL));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
  EXPECT_EQ(h.CountEvents(EventKind::kTargetsAdopted), 1);
}

TEST(EngineTargets, ATotalDuringAResizeEndsItAndIsToldOnceMoreSoThatNothingOlderComesAfter) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  const std::uint64_t generation = h.LastSent().generation();
  h.Pass(absl::Seconds(3));
  h.Say(Harness::Report(0, Bytes::MiB(128), Bytes::MiB(128), Report::SOURCE_TOTAL));
  EXPECT_EQ(h.Operation(id)->record.state, OperationRecord::State::kFailed);
  EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kAborted);
  EXPECT_GT(h.LastSent().generation(), generation);
  EXPECT_EQ(h.LastSent().fmem_balloon_bytes(), Bytes::MiB(128).count());
  EXPECT_TRUE(Ended(h.ledger.operations[id].state));
}

TEST(EngineTargets, ATotalLeftOverFromBeforeAGuestsBootDoesNotUndoAResize) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  h.engine->HandleReboot(kUuid, h.now);
  h.Pass(absl::Seconds(3));
  h.LinkUp("boot-2");
  h.Say(Harness::Report(0, Bytes::MiB(100), Bytes(), Report::SOURCE_TOTAL));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
  EXPECT_EQ(h.LastSent().fmem_balloon_bytes(), Bytes::MiB(512).count());
  EXPECT_EQ(h.CountEvents(EventKind::kReboot), 1) << "libvirt's word and the new boot_id are one reboot";
}

TEST(EngineTargets, ANewBootIdIsARebootAndOurTargetsAreSentAgain) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(512));
  h.engine->HandleLinkDown(kUuid, "closed", h.now);
  const std::size_t sent = h.agents.sent[kUuid].size();
  h.LinkUp("boot-2");
  EXPECT_EQ(h.CountEvents(EventKind::kReboot), 1);
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::GiB(1)) << "a booted guest may own its cells until it confirms";
  h.Say(Harness::Report(0, Bytes(), Bytes(), Report::SOURCE_BOOT));
  EXPECT_EQ(h.agents.sent[kUuid].size(), sent + 1);
}

TEST(EngineTargets, TargetsOutliveShutOffAndStart) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Appear(DomainState::kShutOff);
  h.descriptions[kUuid].agent_socket = "/run/again.sock";
  h.Appear();
  EXPECT_EQ(h.agents.open[kUuid], "/run/again.sock");
  h.LinkUp("boot-2");
  h.Say(Harness::Report(0, Bytes(), Bytes(), Report::SOURCE_BOOT));
  EXPECT_EQ(h.LastSent().fmem_balloon_bytes(), Bytes::MiB(512).count());
}

TEST(EngineTargets, AMissedRestartOfTheDomainIsSeenByItsNewSocket) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  h.descriptions[kUuid].agent_socket = "/run/other.sock";
  h.Appear();
  EXPECT_EQ(h.agents.open[kUuid], "/run/other.sock");
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::GiB(1));
  EXPECT_EQ(h.Vm()->management, Management::kWaiting);
}

TEST(EngineTargets, TargetsAboveCellsThatHaveShrunkAreLoweredUnderANewGeneration) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  const std::uint64_t generation = h.ledger.targets[kUuid].generation;
  h.Appear(DomainState::kShutOff);
  h.descriptions[kUuid].cells = PerTier<Bytes>{Bytes::MiB(256), Bytes::GiB(2)};
  h.Appear();
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(256));
  EXPECT_EQ(h.ledger.targets[kUuid].targets.fmem(), Bytes::MiB(256));
  EXPECT_GT(h.ledger.targets[kUuid].generation, generation);
}

TEST(EngineTargets, AGenerationBeyondOursIsExceededBeforeTheGuestIsTold) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Pass(absl::Seconds(3));
  h.Say(Harness::Report(100, Bytes(), Bytes()));
  EXPECT_EQ(h.LastSent().generation(), 101u);
  EXPECT_EQ(h.LastSent().fmem_balloon_bytes(), Bytes::MiB(512).count());
  EXPECT_EQ(h.ledger.targets[kUuid].generation, 101u);
  // The running operation goes on under the new one.
  h.Say(Harness::Report(101, Bytes::MiB(512), Bytes()));
  h.Measure(Bytes::MiB(512), Bytes());
  EXPECT_EQ(h.Look()->counts.succeeded, 1u);
}

TEST(EngineTargets, AbsurdGenerationsDoNotDriveOursToTheEnd) {
  Harness h;
  h.BecomeManaged();
  h.Say(Harness::Report(UINT64_MAX, Bytes(), Bytes()));
  h.Say(Harness::Report(kMaxGeneration - 1, Bytes(), Bytes()));
  h.Begin(Bytes::MiB(512));
  EXPECT_LT(h.LastSent().generation(), 10u);
  EXPECT_GT(h.Vm()->agent.implausible_figures, 0u);
}

TEST(EngineTargets, AGuestThatKeepsClaimingNewTotalsCannotKeepTheDiskBusy) {
  Harness h;
  h.BecomeManaged();
  const int before = h.ledger.writes;
  for (int i = 0; i < 1000; ++i) {
    h.Pass(absl::Milliseconds(10));
    h.Say(Harness::Report(0, Bytes::MiB(static_cast<std::uint64_t>(i % 500)), Bytes(), Report::SOURCE_TOTAL));
  }
  EXPECT_LE(h.ledger.writes - before, 6);
}

TEST(EngineTargets, AChargeFallsOnlyWhenGuestAndHostAgree) {
  Harness h;
  h.Define();
  h.Appear();
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::GiB(1)) << "nobody has confirmed anything";
  h.LinkUp();
  h.Say(Harness::Report(0, Bytes::MiB(256), Bytes(), Report::SOURCE_BOOT));
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(768)) << "residency is unknown";
  h.Measure(Bytes::MiB(768), Bytes());
  h.Begin(Bytes::MiB(512));
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(768)) << "on its way";
  agent::v1::Report half = Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes());
  half.mutable_tiers(0)->set_balloon_bytes(Bytes::MiB(384).count());
  h.Say(half);
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(768)) << "the guest says that it is half way";
  h.Measure(Bytes::MiB(640), Bytes());
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(640)) << "and so it is";
  h.Measure(Bytes::MiB(768), Bytes());
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(768)) << "the host still backs it";
  h.Measure(Bytes::MiB(515), Bytes());
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(515));
  h.Measure(Bytes::MiB(300), Bytes());
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(512)) << "the guest may touch it at any time";
  h.Begin(Bytes::MiB(900));
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(900)) << "a grow counts at once";
}

TEST(EngineTargets, MemoryTakenBackInAnEmergencyIsCharged) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  agent::v1::Report report = Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes());
  report.mutable_tiers(0)->set_balloon_bytes(Bytes::MiB(412).count());
  h.Say(report);
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes::MiB(612));
}

}  // namespace
}  // namespace hypertier::control
