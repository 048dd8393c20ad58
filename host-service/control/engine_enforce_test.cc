// SPDX-License-Identifier: Apache-2.0
//
// What is done about a VM that keeps more than its target.
#include <gmock/gmock.h>

#include "common/text.h"
#include "host-service/control/commitment.h"
#include "host-service/control/engine_harness.h"
#include "host-service/control/fleet.h"
#include "host-service/qos/admission.h"

namespace hypertier::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Action = EngineOptions::Enforcement::Action;

EngineOptions EnforceOptions(Action action = Action::kReport, bool confine = true) {
  EngineOptions options;
  options.qos.capacity = PerTier<Bytes>{Bytes::GiB(4), Bytes::GiB(8)};
  options.enforcement.confine = confine;
  options.enforcement.action = action;
  options.enforcement.grace = absl::Seconds(10);
  return options;
}

// A guest of 1 GiB FMEM that was told to give back half of it, and holds `held_`.
class EnforceTest : public testing::Test {
 protected:
  explicit EnforceTest(EngineOptions options = EnforceOptions()) : host_(std::move(options)) {
    host_.BecomeManaged();
    Measure();
    host_.Pass(absl::Seconds(3));
    // It may have been confined before: that is looked at, and nothing is moved.
    if (host_.options.enforcement.confine) {
      EXPECT_THAT(host_.confinement.bounds, ElementsAre(Bytes()));
      Confined(Bytes::GiB(1), Bytes());
      host_.confinement = {};
    }
    host_.Begin(Bytes::MiB(512));
    generation_ = host_.LastSent().generation();
  }

  void Measure() { host_.Measure(held_, Bytes::GiB(2)); }
  void Pass(int seconds) {
    for (int i = 0; i < seconds; ++i) {
      host_.Pass(absl::Seconds(1));
      if (host_.Vm()->state == DomainState::kRunning) {
        host_.Say(Harness::Report(generation_, Bytes::GiB(1) - held_, Bytes()));
      }
      Measure();
    }
  }
  void Confined(Bytes fast, Bytes slow, absl::Status trouble = absl::OkStatus()) {
    host_.engine->HandleConfined(
        kUuid, Confinement{.fast = fast, .slow = slow, .moved = {}, .trouble = std::move(trouble)}, host_.now);
  }
  // Of the host's 8 GiB of SMEM the VM may hold 2; somebody has reserved all the rest but `spare`.
  void LeaveSpare(Bytes spare) {
    TenantRecord bob;
    bob.id = "bob";
    bob.terms.smem().reservation = policy::Amount::Of(Bytes::GiB(6) - spare);
    ASSERT_TRUE(host_.engine->CreateTenant(bob, {}, host_.now).ok());
  }
  // It keeps all, and the host moves away what is too much.
  void BecomeConfined() {
    Pass(8);
    ASSERT_THAT(host_.confinement.asked, SizeIs(1));
    Confined(Bytes::MiB(520), Bytes::MiB(504));
    Pass(2);
  }
  std::optional<qos::Compliance> Compliance() { return host_.Tier(TierId::kFmem).compliance; }

  Harness host_;
  Bytes held_ = Bytes::GiB(1);
  std::uint64_t generation_ = 0;
};

TEST_F(EnforceTest, AViolatingVmIsConfinedToItsTargetAndNoLongerCharged) {
  Pass(2);
  EXPECT_EQ(Compliance(), qos::Compliance::kLagging);
  EXPECT_THAT(host_.confinement.asked, IsEmpty());
  Pass(6);
  EXPECT_EQ(Compliance(), qos::Compliance::kViolating);
  // One step at a time, into SMEM that nobody holds or is promised.
  EXPECT_THAT(host_.confinement.asked, ElementsAre(Bytes::MiB(512) + Bytes::MiB(8)));
  EXPECT_THAT(host_.confinement.bounds, ElementsAre(Bytes::MiB(512)));
  // What was moved counts once it was seen to stay there.
  Confined(Bytes::GiB(1), Bytes());
  Pass(2);
  EXPECT_EQ(Compliance(), qos::Compliance::kViolating);
  EXPECT_THAT(host_.confinement.asked, SizeIs(2));
  Confined(Bytes::MiB(520), Bytes::MiB(504));
  Pass(2);
  EXPECT_EQ(Compliance(), qos::Compliance::kConfined);
  EXPECT_EQ(host_.CountEvents(EventKind::kConfined), 1);
  const TierRecord tier = host_.Tier(TierId::kFmem);
  EXPECT_EQ(tier.displaced, Bytes::MiB(504));
  EXPECT_EQ(tier.resident, Bytes::GiB(1));
  EXPECT_EQ(tier.charged, Bytes::MiB(520));
}

TEST_F(EnforceTest, AsLongAsItKeepsTooMuchItIsLookedAtEachPeriod) {
  BecomeConfined();
  const std::size_t before = host_.confinement.asked.size();
  for (int i = 0; i < 4; ++i) {
    Confined(Bytes::MiB(520), Bytes::MiB(504));
    Pass(2);
  }
  EXPECT_GE(host_.confinement.asked.size(), before + 3);
  // It fills its cell on: what comes to lie on FMEM is moved, too.
  EXPECT_EQ(host_.CountEvents(EventKind::kConfined), 1);
}

TEST_F(EnforceTest, ItEndsOnceTheGuestHasGivenBackAndAllIsBack) {
  BecomeConfined();
  held_ = Bytes::MiB(512);
  Pass(2);
  // What it has given back may be what had been moved, or not.
  EXPECT_EQ(Compliance(), qos::Compliance::kConfined);
  Confined(Bytes::MiB(512), Bytes());
  Pass(2);
  EXPECT_EQ(Compliance(), qos::Compliance::kCompliant);
  EXPECT_EQ(host_.CountEvents(EventKind::kConfinedEnded), 1);
  const std::size_t asked = host_.confinement.asked.size();
  Pass(10);
  EXPECT_THAT(host_.confinement.asked, SizeIs(asked));
}

TEST_F(EnforceTest, AnEarlierHypertierdsConfinementIsFoundBeforeAnythingIsMoved) {
  ASSERT_TRUE(host_.Restart());
  host_.confinement = {};
  host_.synced = false;
  host_.Appear();
  Measure();
  host_.Pass(absl::Seconds(3));
  ASSERT_THAT(host_.confinement.bounds, ElementsAre(Bytes()));
  Confined(Bytes::MiB(520), Bytes::MiB(504));
  Pass(3);
  EXPECT_EQ(Compliance(), qos::Compliance::kConfined);
  EXPECT_THAT(host_.confinement.asked, SizeIs(2));
}

TEST_F(EnforceTest, ACompliantVmIsNotLookedAtAgain) {
  held_ = Bytes::MiB(512);
  Pass(23);
  EXPECT_THAT(host_.confinement.asked, IsEmpty());
}

TEST_F(EnforceTest, WhatCannotBeConfinedStaysViolatingAndIsTriedAgainLater) {
  Pass(8);
  ASSERT_THAT(host_.confinement.asked, SizeIs(1));
  Confined(Bytes::GiB(1), Bytes(), absl::ResourceExhaustedError("there is no room on node 1"));
  EXPECT_THAT(host_.troubles, testing::Contains(HasSubstr("confining web1")));
  Pass(20);
  EXPECT_EQ(Compliance(), qos::Compliance::kViolating);
  EXPECT_THAT(host_.confinement.asked, SizeIs(1));
  Pass(15);
  EXPECT_THAT(host_.confinement.asked, SizeIs(2));
}

TEST_F(EnforceTest, WhatNobodySeesAnyMoreDoesNotCount) {
  BecomeConfined();
  ASSERT_EQ(host_.Tier(TierId::kFmem).charged, Bytes::MiB(520));
  host_.engine->HandleConfined(kUuid, absl::UnavailableError("its memory cannot be told apart"), host_.now);
  EXPECT_EQ(host_.Tier(TierId::kFmem).charged, Bytes::GiB(1));
}

TEST_F(EnforceTest, WhatWasMovedCountsAsItsTenantsSmem) {
  const Bytes before = qos::Reserved(CommitmentsOf(*host_.Look())).smem();
  BecomeConfined();
  EXPECT_EQ(qos::Reserved(CommitmentsOf(*host_.Look())).smem(), before + Bytes::MiB(504));
}

class FullSmemTest : public EnforceTest {
 protected:
  FullSmemTest() : EnforceTest(WithoutSpareSmem()) {}
  static EngineOptions WithoutSpareSmem() {
    EngineOptions options = EnforceOptions();
    options.qos.capacity->smem() = Bytes::GiB(2);
    return options;
  }
};

TEST_F(FullSmemTest, NothingIsMovedIntoWhatOthersAreHeldToOrPromised) {
  Pass(20);
  EXPECT_EQ(Compliance(), qos::Compliance::kViolating);
  EXPECT_THAT(host_.confinement.asked, IsEmpty());
  EXPECT_THAT(host_.troubles, testing::Contains(HasSubstr("confining web1")));
}

TEST_F(EnforceTest, WhatATenantHasReservedOfSmemIsNotTaken) {
  LeaveSpare(Bytes::MiB(100));
  Pass(8);
  EXPECT_THAT(host_.confinement.bounds, ElementsAre(Bytes::MiB(100)));
}

TEST_F(EnforceTest, WhatAStepHasMovedIsSpentBeforeItIsSeen) {
  LeaveSpare(Bytes::MiB(100));
  Pass(8);
  host_.engine->HandleConfined(
      kUuid, Confinement{.fast = Bytes::GiB(1), .slow = {}, .moved = Bytes::MiB(100), .trouble = {}}, host_.now);
  Pass(2);
  // There is no more; it is looked at all the same.
  EXPECT_THAT(host_.confinement.bounds, ElementsAre(Bytes::MiB(100), Bytes()));
}

TEST_F(EnforceTest, OneThatIsConfinedWholeTakesNoMoreRoom) {
  LeaveSpare(Bytes::MiB(600));
  BecomeConfined();
  Confined(Bytes::MiB(520), Bytes::MiB(504));
  Pass(2);
  EXPECT_EQ(host_.confinement.bounds.back(), Bytes::MiB(8)) << "within the slack; another may need the rest";
  EXPECT_EQ(Compliance(), qos::Compliance::kConfined);
}

TEST_F(EnforceTest, WhatWasDisplacedIsLookedAtEachPeriodThoughNothingMoreCanBeMoved) {
  BecomeConfined();
  Confined(Bytes::MiB(520), Bytes::MiB(504), absl::ResourceExhaustedError("no room on node 1"));
  Pass(2);
  EXPECT_EQ(host_.confinement.bounds.back(), Bytes());
  // It has had it discarded, and fills FMEM anew.
  Confined(Bytes::MiB(824), Bytes::MiB(200));
  Pass(1);
  EXPECT_EQ(host_.Tier(TierId::kFmem).charged, Bytes::MiB(824));
}

TEST_F(EnforceTest, WhatWasMovedLastIsLookedForOnceTheGuestHasGivenBack) {
  Pass(8);
  host_.engine->HandleConfined(
      kUuid, Confinement{.fast = Bytes::GiB(1), .slow = {}, .moved = Bytes::MiB(504), .trouble = {}}, host_.now);
  held_ = Bytes::MiB(512);
  Pass(2);
  EXPECT_THAT(host_.confinement.asked, SizeIs(2)) << "it would lie there for ever";
  Confined(Bytes::MiB(512), Bytes());
  Pass(10);
  EXPECT_THAT(host_.confinement.asked, SizeIs(2));
}

TEST_F(EnforceTest, ANewStartOfTheVmBeginsAnew) {
  BecomeConfined();
  host_.Appear(DomainState::kShutOff);
  host_.Appear(DomainState::kRunning);
  // Of the process that has gone.
  Confined(Bytes::MiB(1), Bytes::MiB(2));
  EXPECT_EQ(host_.Tier(TierId::kFmem).displaced, Bytes());
}

TEST_F(EnforceTest, InMaintenanceNothingIsMoved) {
  ASSERT_TRUE(host_.engine->SetMaintenance(true, {}, host_.now).ok());
  Pass(20);
  EXPECT_EQ(Compliance(), qos::Compliance::kViolating);
  EXPECT_THAT(host_.confinement.asked, IsEmpty());
}

TEST_F(EnforceTest, WhatWasMovedIsMissingOfTheHostsSmem) {
  BecomeConfined();
  EngineOptions options = EnforceOptions();
  struct Vm vm;
  vm.state = DomainState::kRunning;
  vm.description.emplace();
  vm.description->cells = PerTier<Bytes>{Bytes::GiB(1), Bytes::GiB(2)};
  vm.confinement.displaced = Bytes::GiB(1);
  EXPECT_EQ(MakeFleet({&vm}, {}, options, host_.now).snapshot.capacity.smem(), Bytes::GiB(7));
}

class PauseTest : public EnforceTest {
 protected:
  PauseTest() : EnforceTest(EnforceOptions(Action::kPause, false)) {}
};

TEST_F(PauseTest, AVmThatStaysViolatingIsPausedAfterItsGraceWithARecordOfWhy) {
  Pass(8);
  EXPECT_EQ(Compliance(), qos::Compliance::kViolating);
  EXPECT_THAT(host_.domains.paused, IsEmpty());
  Pass(12);
  EXPECT_THAT(host_.domains.paused, ElementsAre(kUuid));
  EXPECT_THAT(host_.domains.destroyed, IsEmpty());
  EXPECT_THAT(host_.confinement.asked, IsEmpty());
  ASSERT_FALSE(host_.ledger.audit.empty());
  EXPECT_EQ(host_.ledger.audit.back().action, "vm.pause");
  EXPECT_THAT(host_.ledger.audit.back().detail, HasSubstr("fmem: has kept 512 MiB more than its target"));
  EXPECT_EQ(host_.CountEvents(EventKind::kPaused), 0) << "not yet";
  host_.engine->HandlePunished(kUuid, true, absl::OkStatus(), host_.now);
  EXPECT_EQ(host_.Vm()->events->back().kind, EventKind::kPaused);
  // Paused: nothing more. Resumed: it has its grace once more.
  host_.Appear(DomainState::kPaused);
  Pass(30);
  host_.Appear(DomainState::kRunning);
  Pass(8);
  EXPECT_THAT(host_.domains.paused, SizeIs(1));
  Pass(8);
  EXPECT_THAT(host_.domains.paused, SizeIs(2));
}

TEST_F(PauseTest, OneThatGivesBackInTimeIsNot) {
  Pass(8);
  held_ = Bytes::MiB(900);
  Pass(3);
  held_ = Bytes::MiB(512);
  Pass(30);
  EXPECT_THAT(host_.domains.paused, IsEmpty());
}

TEST_F(PauseTest, TimeInWhichItCouldDoNothingIsNotHeldAgainstIt) {
  Pass(12);
  // Frozen, or without libvirt: afterwards it has its grace anew.
  ASSERT_TRUE(host_.engine->SetMaintenance(true, {}, host_.now).ok());
  Pass(10);
  ASSERT_TRUE(host_.engine->SetMaintenance(false, {}, host_.now).ok());
  Pass(4);
  EXPECT_THAT(host_.domains.paused, IsEmpty());
  host_.engine->HandleDisconnected("gone", host_.now);
  Pass(30);
  EXPECT_THAT(host_.domains.paused, IsEmpty());
}

TEST_F(PauseTest, OneIsNotPausedForWhatNobodyHasSeenSince) {
  Pass(8);
  for (int i = 0; i < 60; ++i) {
    host_.Pass(absl::Seconds(1));
    host_.Say(Harness::Report(generation_, Bytes(), Bytes()));
  }
  EXPECT_THAT(host_.domains.paused, IsEmpty());
  Measure();
  host_.Pass(absl::Seconds(3));
  EXPECT_THAT(host_.domains.paused, SizeIs(1));
}

TEST_F(PauseTest, OneThatWasNeverToldIsNot) {
  Harness host(EnforceOptions(Action::kPause, false));
  host.Define().boot_balloons = PerTier<Bytes>{Bytes::MiB(512), Bytes()};
  host.Appear();
  for (int i = 0; i < 60; ++i) {
    host.Measure(Bytes::GiB(1), Bytes::GiB(2));
    host.Pass(absl::Seconds(1));
  }
  EXPECT_EQ(host.Tier(TierId::kFmem).compliance, qos::Compliance::kViolating);
  EXPECT_THAT(host.domains.paused, IsEmpty());
}

TEST_F(PauseTest, ARestartOfHypertierdIsNoEscape) {
  Pass(8);
  ASSERT_TRUE(host_.Restart());
  host_.synced = false;
  host_.Appear();
  host_.LinkUp();
  // The guest knows its target from before, so that it is not told again, and does nothing about it.
  agent::v1::Report report = Harness::Report(generation_, Bytes::MiB(512), Bytes());
  report.mutable_tiers(0)->set_balloon_bytes(0);
  for (int i = 0; i < 30; ++i) {
    host_.Pass(absl::Seconds(1));
    host_.Say(report);
    Measure();
  }
  EXPECT_THAT(host_.agents.sent[kUuid], IsEmpty());
  EXPECT_THAT(host_.domains.paused, testing::Contains(kUuid));
}

TEST_F(PauseTest, OneThatHasRebootedAndSaysNoMoreIsOnlyTold) {
  Pass(14);
  EXPECT_THAT(host_.domains.paused, IsEmpty());
  host_.LinkUp("boot-2");
  for (int i = 0; i < 60; ++i) {
    host_.Pass(absl::Seconds(1));
    Measure();
  }
  EXPECT_EQ(Compliance(), qos::Compliance::kViolating);
  EXPECT_THAT(host_.domains.paused, IsEmpty());
}

TEST_F(PauseTest, OneThatCouldNotBePausedIsTriedAgainAndNotCalledPaused) {
  Pass(20);
  ASSERT_THAT(host_.domains.paused, SizeIs(1));
  host_.engine->HandlePunished(kUuid, true, absl::UnavailableError("busy"), host_.now);
  EXPECT_EQ(host_.CountEvents(EventKind::kPaused), 0);
  EXPECT_THAT(host_.troubles, testing::Contains(HasSubstr("qos.on_violation on web1")));
  Pass(12);
  EXPECT_THAT(host_.domains.paused, SizeIs(2));
}

TEST_F(PauseTest, WithoutALedgerNobodyIsPaused) {
  Pass(8);
  host_.ledger.broken = absl::ResourceExhaustedError("disk full");
  Pass(20);
  EXPECT_THAT(host_.domains.paused, IsEmpty());
  host_.ledger.broken = absl::OkStatus();
  Pass(12);
  EXPECT_THAT(host_.domains.paused, SizeIs(1));
}

class DestroyTest : public EnforceTest {
 protected:
  DestroyTest() : EnforceTest(EnforceOptions(Action::kDestroy)) {}
};

TEST_F(DestroyTest, OneThatWasConfinedIsLeftAlive) {
  BecomeConfined();
  for (int i = 0; i < 20; ++i) {
    Confined(Bytes::MiB(520), Bytes::MiB(504));
    Pass(2);
  }
  EXPECT_THAT(host_.domains.destroyed, IsEmpty());
}

TEST_F(DestroyTest, OneThatFillsFmemAsFastAsItIsMovedAwayIsDestroyed) {
  for (int i = 0; i < 20; ++i) {
    Pass(2);
    host_.engine->HandleConfined(
        kUuid, Confinement{.fast = Bytes::GiB(1), .slow = {}, .moved = Bytes::MiB(504), .trouble = {}}, host_.now);
  }
  EXPECT_THAT(host_.domains.destroyed, testing::Contains(kUuid));
}

TEST_F(DestroyTest, OneThatCannotBeConfinedIsDestroyed) {
  Pass(8);
  Confined(Bytes::GiB(1), Bytes(), absl::PermissionDeniedError("may not use node 1"));
  Pass(12);
  EXPECT_THAT(host_.domains.destroyed, ElementsAre(kUuid));
}

}  // namespace
}  // namespace hypertier::control
