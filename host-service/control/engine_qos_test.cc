// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "host-service/control/engine_harness.h"
#include "host-service/qos/burst.h"

namespace hypertier::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kWeb[] = "11111111-1111-4111-8111-111111111111";
constexpr char kBatch[] = "22222222-2222-4222-8222-222222222222";
constexpr char kOther[] = "33333333-3333-4333-8333-333333333333";

EngineOptions QosOptions(std::string_view burst = "proportional") {
  EngineOptions options;
  options.qos.policy = *qos::MakeBurstPolicy(burst);
  options.qos.capacity = PerTier<Bytes>{Bytes::MiB(1024), Bytes::GiB(16)};
  options.qos.classes = {{"gold", {{policy::Amount::Percent(75), {}, 4.0}, {}}}};
  return options;
}

// Guests of 1 GiB FMEM and 2 GiB SMEM that carry out what they are told, all at once, on a host with 1 GiB of FMEM.
class EngineQosTest : public testing::Test {
 protected:
  struct Guest {
    // Memory that its programs use, and whether it gives back what it is asked for.
    Bytes used;
    bool obeys = true;
    bool answers = true;
    std::uint64_t generation = 0;
    PerTier<Bytes> balloons;
    std::uint64_t oom_deflates = 0;
    double pressure = 0;
  };

  explicit EngineQosTest(EngineOptions options = QosOptions()) : host_(std::move(options)) {}

  void Start(const std::string& uuid, policy::VmTerms terms, Bytes used, PerTier<Bytes> balloons = {}) {
    host_.Define(uuid, "vm-" + uuid.substr(0, 1)).policy = std::move(terms);
    host_.Appear(DomainState::kRunning, uuid);
    host_.LinkUp("boot-1", true, uuid);
    guests_[uuid] = {.used = used, .obeys = true, .answers = true, .generation = 0, .balloons = balloons};
    Report(uuid, agent::v1::Report::SOURCE_BOOT);
  }

  void Report(const std::string& uuid, agent::v1::Report::Source source = agent::v1::Report::SOURCE_AGENT) {
    Guest& guest = guests_[uuid];
    agent::v1::Report report = Harness::Report(guest.generation, guest.balloons.fmem(), guest.balloons.smem(), source);
    report.set_oom_deflates(guest.oom_deflates);
    report.set_memory_pressure(guest.pressure);
    Bytes left = guest.used;
    for (agent::v1::TierReport& tier : *report.mutable_tiers()) {
      const Bytes usable = Bytes(tier.present_bytes()) - Bytes(tier.balloon_bytes());
      const Bytes in_it = std::min(left, usable);
      left -= in_it;
      tier.set_free_bytes((usable - in_it).count());
    }
    host_.Say(report, uuid);
  }

  // Seconds in which guests answer, and the host measures what they hold.
  void Pass(int seconds) {
    for (int second = 0; second < seconds; ++second) {
      host_.Pass(absl::Seconds(1));
      for (auto& [uuid, guest] : guests_) {
        if (!guest.answers) continue;
        const agent::v1::SetBalloons told = host_.LastSent(uuid);
        if (told.generation() > guest.generation && guest.obeys) {
          guest.generation = told.generation();
          guest.balloons = {Bytes(told.fmem_balloon_bytes()), Bytes(told.smem_balloon_bytes())};
        }
        Report(uuid);
        host_.Measure(Bytes::GiB(1) - guest.balloons.fmem(), Bytes::GiB(2) - guest.balloons.smem(), uuid);
      }
      Bytes fmem;
      for (const auto& [uuid, guest] : guests_) fmem += Bytes::GiB(1) - guest.balloons.fmem();
      most_ = std::max(most_, fmem);
    }
  }

  Bytes Fmem(const std::string& uuid) { return *(*host_.Vm(uuid)->tiers).fmem().target; }
  std::string Reason(const std::string& uuid) { return (*host_.Vm(uuid)->tiers).fmem().reason; }

  static policy::VmTerms Auto(Bytes reservation, std::string qos_class = "") {
    policy::VmTerms terms{.mode = policy::Mode::kAuto, .qos_class = std::move(qos_class), .terms = {}};
    if (reservation > Bytes()) terms.terms.fmem().reservation = policy::Amount::Of(reservation);
    return terms;
  }

  Harness host_;
  std::map<std::string, Guest> guests_;
  // Held of FMEM by all together.
  Bytes most_;
};

TEST_F(EngineQosTest, AVmWithoutAPolicyKeepsItsTargetsWhateverItDoes) {
  Start(kWeb, {}, Bytes::MiB(100));
  Pass(10);
  EXPECT_EQ(Fmem(kWeb), Bytes::GiB(1));
  EXPECT_EQ(Reason(kWeb), "");
  EXPECT_EQ(host_.Vm(kWeb)->mode, policy::Mode::kStatic);
  EXPECT_THAT(host_.agents.sent[kWeb], IsEmpty());
}

TEST_F(EngineQosTest, WhatAnIdleVmReservedIsLentAndComesBackWhenItIsWanted) {
  const PerTier<Bytes> half{Bytes::MiB(512), Bytes()};
  Start(kWeb, Auto(Bytes::MiB(768)), Bytes::MiB(128), half);
  Start(kBatch, Auto(Bytes::MiB(128)), Bytes::GiB(3), half);
  Pass(20);
  EXPECT_LT(Fmem(kWeb), Bytes::MiB(400));
  EXPECT_GT(Fmem(kBatch), Bytes::MiB(600));
  EXPECT_THAT(Reason(kBatch), HasSubstr("128 MiB claimed"));
  guests_[kWeb].used = Bytes::GiB(3);
  Pass(8);
  EXPECT_GE(Fmem(kWeb), Bytes::MiB(768));
  EXPECT_LE(Fmem(kBatch), Bytes::MiB(256));
  EXPECT_LE(most_, Bytes::MiB(1024));
  // It is in the ledger, too.
  EXPECT_EQ(host_.ledger.targets[kWeb].targets.fmem(), Fmem(kWeb));
}

TEST_F(EngineQosTest, NobodyGrowsIntoWhatAnotherStillHolds) {
  const PerTier<Bytes> half{Bytes::MiB(512), Bytes()};
  Start(kWeb, Auto(Bytes::MiB(768)), Bytes::GiB(3), half);
  Start(kBatch, Auto(Bytes::MiB(128)), Bytes::GiB(3), half);
  guests_[kBatch].obeys = false;
  Pass(20);
  EXPECT_LT(Fmem(kBatch), Bytes::MiB(512));
  EXPECT_LE(Fmem(kWeb), Bytes::MiB(512));
  EXPECT_THAT(Reason(kWeb), HasSubstr("waiting until others have given back"));
  EXPECT_LE(most_, Bytes::MiB(1024));
  guests_[kBatch].obeys = true;
  Pass(8);
  EXPECT_GE(Fmem(kWeb), Bytes::MiB(768));
  EXPECT_LE(most_, Bytes::MiB(1024));
}

TEST_F(EngineQosTest, WhatOneDoesNotGiveBackOthersGiveBackInItsPlace) {
  Start(kWeb, Auto(Bytes::MiB(512)), Bytes::MiB(64), {Bytes::MiB(640), Bytes()});
  Start(kBatch, Auto(Bytes::MiB(96)), Bytes::GiB(3), {Bytes::MiB(768), Bytes()});
  Start(kOther, Auto(Bytes::MiB(96)), Bytes::GiB(3), {Bytes::MiB(768), Bytes()});
  Pass(20);
  EXPECT_GT(Fmem(kBatch), Bytes::MiB(350));
  guests_[kBatch].obeys = false;
  guests_[kWeb].used = Bytes::GiB(3);
  Pass(16);
  EXPECT_GE(Fmem(kWeb), Bytes::MiB(500));
  EXPECT_THAT(Reason(kBatch), HasSubstr("does not give back"));
  EXPECT_LE(most_, Bytes::MiB(1024));
}

TEST_F(EngineQosTest, WhoDoesNotGiveBackIsViolatingAfterTwoPeriodsAndToldOnce) {
  Start(kWeb, Auto(Bytes()), Bytes::GiB(3), {});
  Start(kBatch, Auto(Bytes::MiB(512)), Bytes::MiB(64), {Bytes::MiB(1008), Bytes()});
  Pass(10);
  const auto compliance = [&] { return (*host_.Vm(kWeb)->tiers).fmem().compliance; };
  EXPECT_EQ(compliance(), qos::Compliance::kCompliant);
  guests_[kWeb].obeys = false;
  guests_[kBatch].used = Bytes::GiB(3);
  for (int second = 0; second < 10 && compliance() == qos::Compliance::kCompliant; ++second) Pass(1);
  EXPECT_EQ(compliance(), qos::Compliance::kLagging);
  Pass(3);
  EXPECT_EQ(compliance(), qos::Compliance::kLagging);
  Pass(1);
  EXPECT_EQ(compliance(), qos::Compliance::kViolating);
  Pass(20);
  const VmPtr web = host_.Vm(kWeb);
  EXPECT_EQ(std::count_if(web->events->begin(), web->events->end(),
                          [](const VmEvent& e) { return e.kind == EventKind::kViolating; }),
            1);
  guests_[kWeb].obeys = true;
  Pass(4);
  EXPECT_EQ(compliance(), qos::Compliance::kCompliant);
  EXPECT_EQ(host_.Vm(kWeb)->events->back().kind, EventKind::kViolatingEnded);
}

TEST_F(EngineQosTest, AGuestThatHasJustBootedIsNotBlamedForWhatItMightTouch) {
  host_.ledger.targets[kWeb] = {
      .uuid = kWeb, .targets = {Bytes::MiB(256), Bytes::GiB(1)}, .generation = 3, .changed = {}};
  ASSERT_TRUE(host_.Restart());
  host_.Define(kWeb, "vm-1");
  host_.Appear(DomainState::kRunning, kWeb);
  host_.Measure(Bytes::MiB(100), Bytes(), kWeb);
  host_.Pass(absl::Seconds(20));
  EXPECT_EQ((*host_.Vm(kWeb)->tiers).fmem().charged, Bytes::GiB(1));
  EXPECT_EQ((*host_.Vm(kWeb)->tiers).fmem().compliance, qos::Compliance::kCompliant);
}

TEST_F(EngineQosTest, NobodyIsBlamedBetweenTwoMeasurementsNorWithoutOne) {
  Start(kWeb, Auto(Bytes()), Bytes::GiB(3), {});
  // The guest answers, and gives nothing back.
  const auto pass = [&](int seconds) {
    for (int second = 0; second < seconds; ++second) {
      host_.Pass(absl::Seconds(1));
      Report(kWeb);
    }
  };
  const auto compliance = [&] { return (*host_.Vm(kWeb)->tiers).fmem().compliance; };
  pass(5);
  EXPECT_EQ(compliance(), std::nullopt) << "nothing was measured";
  const auto limited = host_.engine->UpdateVmPolicy(
      {.vm = kWeb,
       .etag = "",
       .edit = [](VmPolicyRecord& record) { record.policy.terms.fmem().limit = policy::Amount::Of(Bytes::MiB(256)); }},
      {}, host_.now);
  ASSERT_TRUE(limited.ok()) << limited.status();
  pass(1);
  ASSERT_EQ(Fmem(kWeb), Bytes::MiB(256));
  host_.Measure(Bytes::MiB(900), Bytes(), kWeb);
  pass(20);
  EXPECT_EQ(compliance(), qos::Compliance::kLagging);
  host_.Measure(Bytes::MiB(900), Bytes(), kWeb);
  pass(3);
  EXPECT_EQ(compliance(), qos::Compliance::kViolating);
}

TEST_F(EngineQosTest, WhoFallsSilentIsFrozenAndLosesNothing) {
  const PerTier<Bytes> half{Bytes::MiB(512), Bytes()};
  Start(kWeb, Auto(Bytes::MiB(512)), Bytes::GiB(3), half);
  Start(kBatch, Auto(Bytes()), Bytes::GiB(3), half);
  Pass(10);
  guests_[kBatch].answers = false;
  Pass(6);
  const Bytes before = Fmem(kBatch);
  guests_[kWeb].used = Bytes::MiB(100);
  Pass(20);
  EXPECT_EQ(Fmem(kBatch), before);
  EXPECT_EQ(Reason(kBatch), "");
  EXPECT_LE(Fmem(kWeb) + before, Bytes::GiB(1));
}

TEST_F(EngineQosTest, AClassCountsAndWhatIsWrongWithAPolicyIsTold) {
  Start(kWeb, Auto(Bytes(), "gold"), Bytes::GiB(3), {Bytes::MiB(512), Bytes()});
  Start(kBatch, Auto(Bytes::GiB(4), "lead"), Bytes::GiB(3), {Bytes::MiB(768), Bytes()});
  EXPECT_EQ((*host_.Vm(kWeb)->tiers).fmem().policy, (qos::TierPolicy{Bytes::MiB(768), Bytes::GiB(1), 4.0}));
  EXPECT_THAT(host_.Vm(kBatch)->policy_problems,
              ElementsAre(HasSubstr("no [class.lead]"), HasSubstr("fmem reservation 4 GiB")));
}

TEST_F(EngineQosTest, WhatTheLedgerKeepsOfAVmComesBeforeItsMetadata) {
  host_.ledger.policies[kWeb] = {.uuid = kWeb, .policy = Auto(Bytes::MiB(256)), .version = 1, .changed = {}};
  ASSERT_TRUE(host_.Restart());
  policy::VmTerms metadata = Auto(Bytes::MiB(512));
  metadata.mode = policy::Mode::kStatic;
  metadata.terms.fmem().shares = 3;
  Start(kWeb, metadata, Bytes::MiB(100));
  EXPECT_EQ(host_.Vm(kWeb)->mode, policy::Mode::kAuto);
  EXPECT_EQ((*host_.Vm(kWeb)->tiers).fmem().policy, (qos::TierPolicy{Bytes::MiB(256), Bytes::GiB(1), 3.0}));
}

TEST_F(EngineQosTest, ATenantsLimitInTheLedgerHoldsForAllItsVmsTogether) {
  policy::Terms terms;
  terms.fmem().limit = policy::Amount::Percent(50);
  host_.ledger.tenants["acme"] = {
      .id = "acme", .display_name = {}, .terms = terms, .version = 1, .created = {}, .changed = {}};
  ASSERT_TRUE(host_.Restart());
  const PerTier<Bytes> half{Bytes::MiB(512), Bytes()};
  Start(kWeb, Auto(Bytes::MiB(128)), Bytes::GiB(3), half);
  Start(kBatch, Auto(Bytes::MiB(128)), Bytes::GiB(3), half);
  Pass(20);
  EXPECT_LE(Fmem(kWeb) + Fmem(kBatch), Bytes::MiB(512));
  EXPECT_GE(Fmem(kWeb) + Fmem(kBatch), Bytes::MiB(500));
}

TEST_F(EngineQosTest, APlannedVmCannotBeResizedAndAStaticOneCan) {
  Start(kWeb, Auto(Bytes::MiB(512)), Bytes::MiB(100));
  const auto refused = host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(refused.status().message()), HasSubstr("--mode static"));
  host_.descriptions[kWeb].policy.mode = policy::Mode::kStatic;
  host_.Appear(DomainState::kRunning, kWeb);
  EXPECT_TRUE(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))}).ok());
  Pass(10);
  EXPECT_EQ(Fmem(kWeb), Bytes::MiB(256));
}

class EngineWithoutCapacityTest : public EngineQosTest {
 protected:
  EngineWithoutCapacityTest() : EngineQosTest(WithoutCapacity()) {}
  static EngineOptions WithoutCapacity() {
    EngineOptions options = QosOptions();
    options.qos.capacity.reset();
    options.qos.off = "smem: the host has 0 B of it";
    return options;
  }
};

TEST_F(EngineWithoutCapacityTest, AVmThatIsToBePlannedIsToldWhyItIsNotAndCanBeResized) {
  Start(kWeb, Auto(Bytes::MiB(512)), Bytes::MiB(100));
  Pass(10);
  EXPECT_THAT(host_.Vm(kWeb)->policy_problems, ElementsAre(HasSubstr("smem: the host has 0 B of it")));
  EXPECT_EQ(Fmem(kWeb), Bytes::GiB(1));
  EXPECT_TRUE(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))}).ok());
}

TEST_F(EngineQosTest, ALimitHoldsForAVmThatIsNotPlanned) {
  policy::VmTerms terms;
  terms.terms.fmem().limit = policy::Amount::Percent(50);
  Start(kWeb, terms, Bytes::MiB(100));
  Pass(4);
  EXPECT_EQ(Fmem(kWeb), Bytes::MiB(512));
  EXPECT_EQ(host_.CountEvents(EventKind::kTargetsSet), 1);
  const auto refused = host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(768))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(ToString(refused.status().message()), HasSubstr("above the VM's limit, 536870912 bytes"));
  EXPECT_TRUE(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))}).ok());
}

TEST_F(EngineQosTest, VmsThatAreNotPlannedCountWithWhatTheyMayHold) {
  Start(kOther, {}, Bytes::MiB(100), {Bytes::MiB(512), Bytes()});
  Start(kWeb, Auto(Bytes::MiB(256)), Bytes::GiB(3), {Bytes::MiB(768), Bytes()});
  Pass(20);
  EXPECT_EQ(Fmem(kOther), Bytes::MiB(512));
  EXPECT_GE(Fmem(kWeb), Bytes::MiB(500));
  EXPECT_LE(Fmem(kWeb), Bytes::MiB(512));
  // Booted again, it may have its whole cell until it has shown its balloon.
  host_.engine->HandleReboot(kOther, host_.now);
  guests_[kOther].answers = false;
  Pass(4);
  EXPECT_LE(Fmem(kWeb), Bytes::MiB(512));
}

TEST_F(EngineQosTest, AGuestThatRanOutOfMemoryIsGivenMore) {
  Start(kWeb, Auto(Bytes()), Bytes::MiB(200), {Bytes::MiB(768), Bytes()});
  Start(kBatch, Auto(Bytes()), Bytes::GiB(3), {Bytes::MiB(256), Bytes()});
  Pass(20);
  const Bytes before = Fmem(kWeb);
  ++guests_[kWeb].oom_deflates;
  Pass(6);
  EXPECT_GT(Fmem(kWeb), before + Bytes(before.count() / 8));
}

TEST_F(EngineQosTest, AGuestWhoseProgramsWaitForMemoryIsGivenMoreAndToldWhy) {
  Start(kWeb, Auto(Bytes()), Bytes::MiB(200), {Bytes::MiB(768), Bytes()});
  Start(kBatch, Auto(Bytes()), Bytes::GiB(3), {Bytes::MiB(256), Bytes()});
  Pass(20);
  const Bytes before = Fmem(kWeb);
  guests_[kWeb].pressure = 0.05;
  Pass(6);
  EXPECT_EQ(Fmem(kWeb), before);
  guests_[kWeb].pressure = 0.3;
  Pass(6);
  EXPECT_GT(Fmem(kWeb), before + Bytes(before.count() / 8));
  const auto why = host_.engine->Explain(kWeb, host_.now);
  ASSERT_TRUE(why.ok());
  EXPECT_THAT(why->sentences, testing::Contains(HasSubstr("its programs wait for memory 30 % of the time")));
}

TEST_F(EngineQosTest, ANewConfigurationHoldsFromTheNextPlanOn) {
  Start(kWeb, {policy::Mode::kAuto, "gold", {}}, Bytes::GiB(3), {Bytes::MiB(512), Bytes()});
  Pass(10);
  ASSERT_EQ(host_.Tier(TierId::kFmem).policy.reservation, Bytes::MiB(768));
  EngineOptions options = QosOptions();
  options.qos.classes["gold"].fmem() = {policy::Amount::Percent(10), policy::Amount::Percent(25), {}};
  options.qos.default_mode = policy::Mode::kAuto;
  host_.engine->Configure(options, host_.now);
  EXPECT_EQ(host_.Tier(TierId::kFmem).policy.limit, Bytes::MiB(256));
  EXPECT_EQ(host_.Look()->host->default_mode, policy::Mode::kAuto);
  Pass(10);
  EXPECT_EQ(Fmem(kWeb), Bytes::MiB(256));
}

TEST_F(EngineQosTest, AConfigurationThatIsNotInForceIsTold) {
  host_.engine->ReportConfig("line 3: no");
  EXPECT_EQ(host_.Look()->host->config_problem, "line 3: no");
  // Neither maintenance nor other options take it back.
  ASSERT_TRUE(host_.engine->SetMaintenance(true, {.actor = "a", .reason = "b"}, host_.now).ok());
  host_.engine->Configure(QosOptions(), host_.now);
  EXPECT_EQ(host_.Look()->host->config_problem, "line 3: no");
  EXPECT_TRUE(host_.Look()->host->maintenance);
  host_.engine->ReportConfig("");
  EXPECT_EQ(host_.Look()->host->config_problem, "");
}

TEST_F(EngineQosTest, AfterARestartPlanningGoesOnFromTheLedger) {
  const PerTier<Bytes> half{Bytes::MiB(512), Bytes()};
  Start(kWeb, Auto(Bytes::MiB(768)), Bytes::GiB(3), half);
  Start(kBatch, Auto(Bytes::MiB(128)), Bytes::GiB(3), half);
  Pass(20);
  const Bytes web = Fmem(kWeb);
  ASSERT_TRUE(host_.Restart());
  host_.synced = false;
  host_.engine->HandleResync({host_.Info(DomainState::kRunning, kWeb), host_.Info(DomainState::kRunning, kBatch)},
                             host_.now);
  host_.synced = true;
  EXPECT_EQ(Fmem(kWeb), web);
  for (const char* uuid : {kWeb, kBatch}) host_.LinkUp("boot-1", true, uuid);
  Pass(10);
  EXPECT_EQ(Fmem(kWeb), web);
  EXPECT_LE(most_, Bytes::MiB(1024));
}

TEST_F(EngineQosTest, ALedgerThatCannotBeWrittenKeepsTargetsAsTheyAre) {
  Start(kWeb, Auto(Bytes::MiB(768)), Bytes::GiB(3), {Bytes::MiB(512), Bytes()});
  Start(kBatch, Auto(Bytes()), Bytes::GiB(3), {Bytes::MiB(512), Bytes()});
  host_.ledger.broken = absl::ResourceExhaustedError("disk full");
  Pass(10);
  EXPECT_EQ(Fmem(kWeb), Bytes::MiB(512));
  EXPECT_THAT(host_.troubles, testing::Contains(HasSubstr("planned targets")));
  host_.ledger.broken = absl::OkStatus();
  Pass(10);
  EXPECT_GE(Fmem(kWeb), Bytes::MiB(768));
}

}  // namespace
}  // namespace hypertier::control
