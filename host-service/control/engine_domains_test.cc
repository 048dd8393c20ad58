// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/control/engine_harness.h"

namespace hypertier::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EngineDomains, EveryDomainIsListedInTheOrderOfNamesWithTheReasonWhyItIsNotManaged) {
  Harness h;
  h.Define("22222222-2222-4222-8222-222222222222", "plain").cells.reset();
  h.descriptions["22222222-2222-4222-8222-222222222222"].not_tiered = "not two-tier: 0 guest NUMA cells";
  h.Define(kUuid, "alpha");
  h.Define("33333333-3333-4333-8333-333333333333", "off");
  h.engine->HandleResync({h.Info(DomainState::kRunning, "22222222-2222-4222-8222-222222222222"),
                          h.Info(DomainState::kShutOff, "33333333-3333-4333-8333-333333333333"), h.Info()},
                         h.now);
  const SnapshotPtr fleet = h.Look();
  ASSERT_EQ(fleet->vms.size(), 3u);
  EXPECT_EQ(fleet->vms[0]->name, "alpha");
  EXPECT_EQ(fleet->vms[0]->management, Management::kWaiting);
  EXPECT_THAT(fleet->vms[0]->reason, HasSubstr("no agent answers on org.hypertier.agent.0"));
  EXPECT_EQ(fleet->vms[1]->name, "off");
  EXPECT_EQ(fleet->vms[1]->management, Management::kUnmanaged);
  EXPECT_EQ(fleet->vms[1]->reason, "shut off");
  EXPECT_EQ(fleet->vms[2]->management, Management::kUnmanaged);
  EXPECT_EQ(fleet->vms[2]->reason, "not two-tier: 0 guest NUMA cells");
  EXPECT_FALSE(fleet->vms[2]->tiers.has_value());
  EXPECT_FALSE(h.agents.open.contains("22222222-2222-4222-8222-222222222222")) << "left alone";
  EXPECT_TRUE(fleet->synced);
  EXPECT_TRUE(fleet->connected);
}

TEST(EngineDomains, AnXmlThatCannotBeReadIsTheReasonShown) {
  Harness h;
  h.engine->HandleResync({{.uuid = kUuid, .name = "odd", .state = DomainState::kRunning, .xml = "<junk/>"}}, h.now);
  EXPECT_EQ(h.Vm()->management, Management::kUnmanaged);
  EXPECT_THAT(h.Vm()->reason, HasSubstr("cannot be read"));
}

TEST(EngineDomains, ADomainThatIsLateInAResyncKeepsWhatWasKnown) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  h.engine->HandleDisconnected("libvirtd restarts", h.now);
  h.engine->HandleResync(
      {{.uuid = kUuid, .name = "web1", .state = DomainState::kUnknown, .xml = "", .answered = false}}, h.now);
  EXPECT_EQ(h.Vm()->management, Management::kManaged);
  EXPECT_EQ(h.Operation(id)->record.state, OperationRecord::State::kPending);
}

TEST(EngineDomains, AManagedDomainNeedsLinkBalloonsAndAReport) {
  Harness h;
  h.Define();
  h.Appear();
  EXPECT_EQ(h.agents.open[kUuid], "/run/web1.sock");
  h.LinkUp();
  EXPECT_EQ(h.Vm()->management, Management::kWaiting);
  EXPECT_THAT(h.Vm()->reason, HasSubstr("first report"));
  h.Say(Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  EXPECT_EQ(h.Vm()->management, Management::kManaged);
  EXPECT_EQ(h.Vm()->reason, "");
  EXPECT_EQ(h.Vm()->tenant, "acme");
  EXPECT_THAT(h.Vm()->agent.features, ElementsAre("balloons"));
}

TEST(EngineDomains, AGuestWithoutBalloonsIsUnmanagedInItsOwnWords) {
  Harness h;
  h.Define();
  h.Appear();
  h.LinkUp("boot-1", false);
  EXPECT_EQ(h.Vm()->management, Management::kUnmanaged);
  EXPECT_THAT(h.Vm()->reason, HasSubstr("stock virtio_balloon"));
}

TEST(EngineDomains, ABrokenBalloonDeviceIsUnmanaged) {
  Harness h;
  h.BecomeManaged();
  agent::v1::Report report = Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT);
  report.set_broken(true);
  h.Say(report);
  EXPECT_EQ(h.Vm()->management, Management::kUnmanaged);
  EXPECT_THAT(h.Vm()->reason, HasSubstr("given up"));
}

TEST(EngineDomains, AGuestThatLacksATierWaitsWithTheReason) {
  Harness h;
  h.BecomeManaged();
  agent::v1::Report report = Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT);
  report.mutable_tiers()->RemoveLast();
  h.Say(report);
  EXPECT_EQ(h.Vm()->management, Management::kWaiting);
  EXPECT_THAT(h.Vm()->reason, HasSubstr("no smem tier"));
}

TEST(EngineDomains, ALinkThatGoesDownLeavesTheTargetsInForce) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.engine->HandleLinkDown(kUuid, "connection closed", h.now);
  EXPECT_EQ(h.Vm()->management, Management::kWaiting);
  EXPECT_THAT(h.Vm()->reason, HasSubstr("connection closed"));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
  EXPECT_EQ(h.CountEvents(EventKind::kAgentLost), 1);
  h.engine->HandleLinkDown(kUuid, "connection refused", h.now);
  EXPECT_EQ(h.CountEvents(EventKind::kAgentLost), 1) << "it was down already";
}

TEST(EngineDomains, ASilentAgentIsStaleAndComesBackWithItsNextReport) {
  Harness h;
  h.BecomeManaged();
  h.Pass(absl::Seconds(6));
  EXPECT_EQ(h.Vm()->agent.link, LinkState::kStale);
  EXPECT_EQ(h.Vm()->management, Management::kWaiting);
  EXPECT_EQ(h.Tier(TierId::kFmem).state, GuestTierState::kUnknown);
  EXPECT_EQ(h.CountEvents(EventKind::kAgentLost), 1);
  h.Say(Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  EXPECT_EQ(h.Vm()->management, Management::kManaged);
}

TEST(EngineDomains, APausedDomainWaitsWithoutBlamingItsAgent) {
  Harness h;
  h.BecomeManaged();
  h.Appear(DomainState::kPaused);
  h.Pass(absl::Seconds(20));
  EXPECT_THAT(h.Vm()->reason, HasSubstr("paused"));
  EXPECT_EQ(h.CountEvents(EventKind::kAgentLost), 0);
  h.Appear(DomainState::kRunning);
  h.Pass(absl::Seconds(1));
  EXPECT_EQ(h.Vm()->management, Management::kManaged) << "it gets its time to report again";
}

TEST(EngineDomains, ALinkResetIsCountedAndShown) {
  Harness h;
  h.BecomeManaged();
  h.engine->HandleLinkReset(kUuid, "bad checksum", h.now);
  h.LinkUp();
  EXPECT_EQ(h.Vm()->agent.link_resets, 1u);
  EXPECT_EQ(h.CountEvents(EventKind::kLinkReset), 1);
}

TEST(EngineDomains, AMissingChannelIsAttachedAndAFailureIsShownAndRetriedSlowly) {
  Harness h;
  domain::Description& description = h.Define();
  description.has_agent_channel = false;
  description.agent_socket.clear();
  h.Appear();
  ASSERT_THAT(h.domains.attached, ElementsAre(kUuid));
  h.engine->HandleAttached(kUuid, absl::InternalError("no free virtio-serial port"), h.now);
  EXPECT_EQ(h.Vm()->management, Management::kWaiting);
  EXPECT_THAT(h.Vm()->reason, HasSubstr("no free virtio-serial port"));
  h.Pass(absl::Seconds(29));
  EXPECT_EQ(h.domains.attached.size(), 1u);
  h.Pass(absl::Seconds(2));
  EXPECT_EQ(h.domains.attached.size(), 2u);
  h.engine->HandleAttached(kUuid, absl::OkStatus(), h.now);
  description.has_agent_channel = true;
  description.agent_socket = "/run/new.sock";
  h.Appear();
  EXPECT_EQ(h.agents.open[kUuid], "/run/new.sock");
  h.Pass(absl::Hours(1));
  EXPECT_EQ(h.domains.attached.size(), 2u);
}

TEST(EngineDomains, AttachingCanBeTurnedOff) {
  EngineOptions options;
  options.attach_channel = false;
  Harness h(options);
  domain::Description& description = h.Define();
  description.has_agent_channel = false;
  description.agent_socket.clear();
  h.Appear();
  h.Pass(absl::Minutes(1));
  EXPECT_THAT(h.domains.attached, IsEmpty());
  EXPECT_THAT(h.Vm()->reason, HasSubstr("agent.attach_channel"));
}

TEST(EngineDomains, ShuttingOffClosesTheLinkAndForgetsTheGuestButNotItsTargets) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Appear(DomainState::kShutOff);
  EXPECT_FALSE(h.agents.open.contains(kUuid));
  EXPECT_FALSE(h.residency.watched.contains(kUuid));
  EXPECT_EQ(h.Vm()->reason, "shut off");
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
  EXPECT_EQ(h.Tier(TierId::kFmem).charged, Bytes());
  EXPECT_FALSE(h.Tier(TierId::kFmem).balloon.has_value());
}

TEST(EngineDomains, AnUndefinedDomainIsForgottenWithItsTargets) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.engine->HandleGone(kUuid, h.now);
  EXPECT_TRUE(h.Look()->vms.empty());
  EXPECT_TRUE(h.ledger.targets.empty());
  EXPECT_FALSE(h.agents.open.contains(kUuid));
}

TEST(EngineDomains, TargetsOfADomainThatAListLacksAreKeptForAWhile) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.engine->HandleResync({}, h.now);
  EXPECT_TRUE(h.Look()->vms.empty());
  h.Pass(absl::Minutes(30));
  EXPECT_EQ(h.ledger.targets.size(), 1u);
  h.Appear();
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
  h.engine->HandleResync({}, h.now);
  h.Pass(absl::Minutes(70));
  EXPECT_TRUE(h.ledger.targets.empty());
}

TEST(EngineDomains, DisconnectedFromLibvirtReadsGoOnAndResizesAreUnavailable) {
  Harness h;
  h.BecomeManaged();
  h.engine->HandleDisconnected("connection reset", h.now);
  EXPECT_FALSE(h.Look()->connected);
  EXPECT_EQ(h.Look()->vms.size(), 1u);
  const auto resized = h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))});
  EXPECT_EQ(resized.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(resized.status().message()), HasSubstr("connection reset"));
}

TEST(EngineDomains, VmsAreFoundByNameAndUuidInAnyCase) {
  Harness h;
  h.BecomeManaged();
  const SnapshotPtr fleet = h.Look();
  EXPECT_TRUE(fleet->FindVm("web1").ok());
  EXPECT_TRUE(fleet->FindVm("vms/web1").ok());
  EXPECT_TRUE(fleet->FindVm(std::string("vms/") + kUuid).ok());
  EXPECT_EQ(fleet->FindVm("vms/none").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(fleet->FindVm("vms/").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(EngineDomains, UnchangedVmsAreTheSameObjectsInTheNextSnapshot) {
  Harness h;
  h.BecomeManaged();
  h.Define("22222222-2222-4222-8222-222222222222", "web2");
  h.Appear(DomainState::kRunning, "22222222-2222-4222-8222-222222222222");
  const SnapshotPtr before = h.Look();
  EXPECT_EQ(h.Look(), before) << "nothing has happened";
  h.Begin(Bytes::MiB(512));
  const SnapshotPtr after = h.Look();
  EXPECT_GT(after->version, before->version);
  EXPECT_NE(after->vms[0], before->vms[0]);
  EXPECT_EQ(after->vms[1], before->vms[1]);
  EXPECT_EQ(after->index, before->index);
}

TEST(EngineDomains, OnlyTheNewestSixteenEventsAreKept) {
  Harness h;
  h.BecomeManaged();
  for (int i = 0; i < 40; ++i) h.engine->HandleLinkReset(kUuid, fmt::format("garbage {}", i), h.now);
  ASSERT_EQ(h.Vm()->events->size(), 16u);
  EXPECT_THAT(h.Vm()->events->back().message, HasSubstr("garbage 39"));
}

}  // namespace
}  // namespace hypertier::control
