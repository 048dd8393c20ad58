// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/control/engine_harness.h"
#include "host-service/qos/burst.h"

namespace hypertier::control {
namespace {

using ::testing::HasSubstr;

constexpr Bytes kFmemBase = Bytes::MiB(256);
constexpr Bytes kSmemBase = Bytes::MiB(64);
// Tiers of 1 and 2 GiB.
constexpr Bytes kFmemDevice = Bytes::MiB(768);
constexpr Bytes kSmemDevice = Bytes::MiB(1984);

// A VM without any agent, whose devices libvirt and a guest drive as the test says.
class EngineVirtioMem : public ::testing::Test {
 protected:
  explicit EngineVirtioMem(EngineOptions options = {}) : h_(std::move(options)) {}

  domain::VirtioMemDevice& Device(TierId tier) { return (*h_.descriptions[kUuid].virtio_mem)[tier]; }

  void Start() {
    domain::Description& description = h_.Define();
    description.has_agent_channel = false;
    description.agent_socket.clear();
    description.virtio_mem = PerTier<domain::VirtioMemDevice>{
        {.size = kFmemDevice, .block = Bytes::MiB(2), .requested = kFmemDevice, .current = kFmemDevice},
        {.size = kSmemDevice, .block = Bytes::MiB(2), .requested = kSmemDevice, .current = kSmemDevice}};
    h_.Appear();
  }

  // What was last asked for; absent when nothing was.
  std::optional<PerTier<Bytes>> Asked() {
    const auto& asked = h_.domains.requested[kUuid];
    return asked.empty() ? std::nullopt : std::optional(asked.back());
  }
  // libvirt has carried it out.
  void Obey() {
    for (const TierId tier : kTiers) Device(tier).requested = (*Asked())[tier];
    h_.engine->HandleRequested(kUuid, absl::OkStatus(), h_.now);
    h_.Appear();
  }
  // The guest has so much of a tier's device plugged.
  void Plugged(TierId tier, Bytes size) {
    Device(tier).current = size;
    h_.Appear();
  }

  Harness h_;
};

TEST_F(EngineVirtioMem, IsManagedWithNoAgentAndNoneIsAttached) {
  Start();
  EXPECT_EQ(h_.Vm()->management, Management::kManaged) << h_.Vm()->reason;
  EXPECT_EQ(h_.Vm()->provisioner, domain::Provisioner::kVirtioMem);
  EXPECT_TRUE(h_.domains.attached.empty());
  const TierRecord fmem = h_.Tier(TierId::kFmem);
  EXPECT_EQ(fmem.target, Bytes::GiB(1));
  EXPECT_EQ(fmem.granularity, Bytes::MiB(2));
  EXPECT_EQ(fmem.floor, kFmemBase);
  EXPECT_EQ(fmem.state, GuestTierState::kIdle);
  EXPECT_FALSE(fmem.free.has_value());
  EXPECT_TRUE(h_.ledger.targets.empty()) << "until somebody sets targets, the XML is the operator's to edit";
}

TEST_F(EngineVirtioMem, AResizeAsksTheDevicesAndEndsWhenTheHostAgrees) {
  Start();
  const std::string id =
      (*h_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512)), Harness::To(TierId::kSmem, Bytes::GiB(1))}))->record.id;
  ASSERT_TRUE(Asked().has_value());
  EXPECT_EQ(*Asked(), PerTier<Bytes>(Bytes::MiB(512) - kFmemBase, Bytes::GiB(1) - kSmemBase));
  EXPECT_EQ(h_.Operation(id)->record.state, OperationRecord::State::kPending);
  Obey();
  EXPECT_EQ(h_.Operation(id)->record.state, OperationRecord::State::kRunning);
  EXPECT_EQ(h_.Tier(TierId::kFmem).state, GuestTierState::kShrinking);
  h_.Pass(absl::Seconds(1));
  Plugged(TierId::kFmem, Bytes::MiB(256));
  Plugged(TierId::kSmem, Bytes::GiB(1) - kSmemBase);
  EXPECT_EQ(h_.Operation(id)->record.state, OperationRecord::State::kRunning) << "not measured yet";
  h_.Measure(Bytes::MiB(512), Bytes::GiB(1));
  EXPECT_EQ(h_.Operation(id)->record.state, OperationRecord::State::kSucceeded) << h_.Operation(id)->status_message;
  EXPECT_EQ(h_.Tier(TierId::kFmem).pace, Bytes::MiB(512));
}

TEST_F(EngineVirtioMem, ATargetThatIsNoBlockIsRefusedWithTheNearestThatIs) {
  Start();
  const std::pair<TierChange, const char*> cases[] = {
      {Harness::To(TierId::kFmem, Bytes::MiB(513)), "round it to 536870912"},
      {Harness::By(TierId::kFmem, -4096), "not a multiple of 2097152, the block"},
      {Harness::To(TierId::kFmem, Bytes::MiB(128)),
       "below the floor, 268435456 bytes (256 MiB), the size of its guest cell"},
      {Harness::To(TierId::kSmem, Bytes::GiB(3)), "above the cell"},
  };
  for (const auto& [change, says] : cases) {
    const auto refused = h_.Resize({change});
    ASSERT_FALSE(refused.ok()) << says;
    EXPECT_THAT(std::string(refused.status().message()), HasSubstr(says));
  }
  EXPECT_FALSE(Asked().has_value());
}

TEST_F(EngineVirtioMem, IsChargedWithWhatIsPluggedOrMayBe) {
  Start();
  EXPECT_EQ(h_.Tier(TierId::kFmem).charged, Bytes::GiB(1));
  h_.Begin(Bytes::MiB(512));
  EXPECT_EQ(h_.Tier(TierId::kFmem).charged, Bytes::GiB(1)) << "still plugged";
  Obey();
  Plugged(TierId::kFmem, Bytes::MiB(300));
  EXPECT_EQ(h_.Tier(TierId::kFmem).charged, kFmemBase + Bytes::MiB(300)) << "it can plug no more";
  Plugged(TierId::kFmem, Bytes::MiB(256));
  EXPECT_EQ(h_.Tier(TierId::kFmem).charged, Bytes::MiB(512));
  h_.Begin(Bytes::MiB(768));
  EXPECT_EQ(h_.Tier(TierId::kFmem).charged, Bytes::MiB(768)) << "before the guest can take it";
  // Even a guest that touches what it has not plugged is charged with it.
  h_.Measure(Bytes::MiB(900), Bytes());
  EXPECT_EQ(h_.Tier(TierId::kFmem).charged, Bytes::MiB(900));
}

TEST_F(EngineVirtioMem, AGuestThatUnplugsNothingFallsShortAndCompletesWhenItCan) {
  Start();
  const std::string id = h_.Begin(Bytes::MiB(512));
  Obey();
  h_.Measure(Bytes::GiB(1), Bytes::GiB(2));
  h_.Pass(absl::Seconds(4));
  EXPECT_EQ(h_.Tier(TierId::kFmem).shortfall, Bytes());
  h_.Pass(absl::Seconds(2));
  EXPECT_EQ(h_.Tier(TierId::kFmem).state, GuestTierState::kShort);
  EXPECT_EQ(h_.Tier(TierId::kFmem).shortfall, Bytes::MiB(512));
  EXPECT_EQ(h_.CountEvents(EventKind::kShortfall), 1);
  EXPECT_THAT(h_.Operation(id)->status_message, HasSubstr("cannot give up 512 MiB now"));
  for (int i = 0; i < 4; ++i) {
    h_.Measure(Bytes::GiB(1), Bytes::GiB(2));
    h_.Pass(absl::Seconds(2));
  }
  EXPECT_EQ(h_.Tier(TierId::kFmem).compliance, qos::Compliance::kViolating);
  Plugged(TierId::kFmem, Bytes::MiB(256));
  h_.Measure(Bytes::MiB(512), Bytes::GiB(2));
  EXPECT_EQ(h_.Operation(id)->record.state, OperationRecord::State::kSucceeded);
  EXPECT_EQ(h_.CountEvents(EventKind::kShortfallEnded), 1);
}

TEST_F(EngineVirtioMem, AGuestThatPlugsNothingIsToldOfWithTheRemedy) {
  Start();
  h_.Begin(Bytes::MiB(512));
  Obey();
  Plugged(TierId::kFmem, Bytes::MiB(256));
  const std::string id = h_.Begin(Bytes::MiB(768));
  Obey();
  h_.Pass(absl::Seconds(6));
  EXPECT_THAT(h_.Operation(id)->status_message, HasSubstr("memhp_default_state=online_movable"));
}

TEST_F(EngineVirtioMem, WhatLibvirtRefusesIsToldAndTriedAgain) {
  Start();
  const std::string id = h_.Begin(Bytes::MiB(512));
  h_.engine->HandleRequested(kUuid, absl::UnavailableError("the domain is being migrated"), h_.now);
  EXPECT_THAT(h_.Operation(id)->status_message, HasSubstr("the domain is being migrated"));
  const std::size_t asked = h_.domains.requested[kUuid].size();
  h_.Pass(absl::Seconds(3));
  EXPECT_EQ(h_.domains.requested[kUuid].size(), asked + 3);
  EXPECT_EQ(h_.troubles.size(), 1U) << "told once";
  Obey();
  Plugged(TierId::kFmem, Bytes::MiB(256));
  h_.Pass(absl::Seconds(3));
  EXPECT_EQ(h_.domains.requested[kUuid].size(), asked + 3) << "agreed: nothing more to ask";
}

TEST_F(EngineVirtioMem, TheLedgersTargetsOutliveHypertierdRebootsAndWhatSomebodyElseAsksFor) {
  Start();
  h_.Begin(Bytes::MiB(512));
  const PerTier<Bytes> wanted = *Asked();
  // Killed before libvirt had it.
  h_.domains.requested.clear();
  h_.Restart();
  h_.synced = false;
  h_.Appear();
  EXPECT_EQ(Asked(), wanted);
  EXPECT_NE(h_.Vm()->operation, "");
  Obey();
  Plugged(TierId::kFmem, Bytes::MiB(256));
  EXPECT_EQ(h_.Tier(TierId::kFmem).state, GuestTierState::kIdle);

  h_.engine->HandleReboot(kUuid, h_.now);
  Plugged(TierId::kFmem, Bytes());
  EXPECT_EQ(h_.Vm()->management, Management::kManaged);
  EXPECT_EQ(h_.Tier(TierId::kFmem).state, GuestTierState::kGrowing);
  Plugged(TierId::kFmem, Bytes::MiB(256));

  Device(TierId::kFmem).requested = kFmemDevice;
  h_.Pass(absl::Seconds(2));
  h_.Appear();
  EXPECT_EQ(Asked(), wanted);
  EXPECT_EQ(h_.Tier(TierId::kFmem).target, Bytes::MiB(512));
}

TEST_F(EngineVirtioMem, AnAgentInTheGuestIsForPlacementAlone) {
  Start();
  h_.descriptions[kUuid].agent_socket = "/run/web1.sock";
  h_.Appear();
  h_.LinkUp();
  agent::v1::Report report = Harness::Report(7, Bytes::MiB(512), Bytes::MiB(512), agent::v1::Report::SOURCE_TOTAL);
  report.mutable_placement()->set_source("accessed-bit");
  h_.Say(report);
  EXPECT_EQ(h_.Tier(TierId::kFmem).balloon, Bytes()) << "QEMU's word counts";
  ASSERT_NE(h_.Vm()->placement, nullptr);
  h_.Begin(Bytes::MiB(512));
  EXPECT_TRUE(h_.agents.sent[kUuid].empty());
  h_.Pass(absl::Seconds(10));
  EXPECT_EQ(h_.Vm()->management, Management::kManaged) << "and its silence is no reason to leave the VM alone";
  EXPECT_EQ(h_.Vm()->placement, nullptr);
}

EngineOptions Planning() {
  EngineOptions options;
  options.qos.policy = *qos::MakeBurstPolicy("hotness");
  options.qos.policy_name = "hotness";
  options.qos.capacity = PerTier<Bytes>{Bytes::GiB(1) + Bytes::MiB(501), Bytes::GiB(8)};
  return options;
}

class EngineVirtioMemPlanned : public EngineVirtioMem {
 protected:
  EngineVirtioMemPlanned() : EngineVirtioMem(Planning()) {}
};

TEST_F(EngineVirtioMemPlanned, ALimitBelowTheBaseIsToldAndTheBaseIsCommitted) {
  Start();
  h_.descriptions[kUuid].policy.mode = policy::Mode::kAuto;
  h_.descriptions[kUuid].policy.terms.fmem().limit = policy::Amount::Of(Bytes::MiB(128));
  h_.Appear();
  h_.Pass(absl::Seconds(3));
  EXPECT_EQ(h_.Tier(TierId::kFmem).target, kFmemBase);
  EXPECT_EQ(h_.Tier(TierId::kFmem).committed, kFmemBase);
  ASSERT_EQ(h_.Vm()->policy_problems.size(), 1U);
  EXPECT_THAT(h_.Vm()->policy_problems[0], HasSubstr("fmem limit 128 MiB: its guest cell, 256 MiB, is always there"));
}

TEST_F(EngineVirtioMemPlanned, IsPlannedByWhatItIsPromisedInBlocks) {
  Start();
  h_.descriptions[kUuid].policy.mode = policy::Mode::kAuto;
  h_.descriptions[kUuid].policy.terms.fmem().limit = policy::Amount::Of(Bytes::MiB(601));
  h_.Appear();
  h_.Pass(absl::Seconds(3));
  ASSERT_TRUE(Asked().has_value());
  EXPECT_EQ(h_.Tier(TierId::kFmem).target, Bytes::MiB(600)) << "down to a block";
  EXPECT_EQ(h_.Tier(TierId::kSmem).target, Bytes::GiB(2)) << "what it uses is not known: it may have all";
  EXPECT_EQ(Asked()->fmem(), Bytes::MiB(600) - kFmemBase);
  Obey();
  Plugged(TierId::kFmem, Bytes::MiB(600) - kFmemBase);
  const std::size_t asked = h_.domains.requested[kUuid].size();
  h_.Pass(absl::Seconds(20));
  EXPECT_EQ(h_.domains.requested[kUuid].size(), asked) << "a plan between two blocks moves nothing";
}

}  // namespace
}  // namespace hypertier::control
