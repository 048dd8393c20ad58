// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"
#include "host-service/control/commitment.h"
#include "host-service/control/engine_harness.h"
#include "host-service/qos/admission.h"
#include "host-service/qos/burst.h"

namespace hypertier::control {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kDatabase[] = "22222222-2222-4222-8222-222222222222";
const Caller kAlice{.actor = "unix: alice", .reason = "ticket 7"};

EngineOptions PromiseOptions() {
  EngineOptions options;
  options.qos.policy = *qos::MakeBurstPolicy("proportional");
  options.qos.policy_name = "proportional";
  options.qos.capacity = PerTier<Bytes>{Bytes::MiB(1536), Bytes::GiB(16)};
  options.qos.classes = {{"gold", {{policy::Amount::Percent(50), {}, 4.0}, {}}}};
  return options;
}

TenantRecord Acme(std::optional<policy::Amount> fmem_limit) {
  TenantRecord tenant;
  tenant.id = "acme";
  tenant.terms.fmem().limit = fmem_limit;
  return tenant;
}

class EnginePromisesTest : public testing::Test {
 protected:
  EnginePromisesTest() : host_(PromiseOptions()) { host_.BecomeManaged(); }

  absl::StatusOr<TenantRecord> SetLimit(Bytes limit, const std::string& etag = "") {
    return host_.engine->UpdateTenant(
        {.id = "acme",
         .etag = etag,
         .edit = [limit](TenantRecord& tenant) { tenant.terms.fmem().limit = policy::Amount::Of(limit); }},
        kAlice, host_.now);
  }
  absl::StatusOr<VmPolicyRecord> Say(policy::VmTerms terms, const std::string& etag = "") {
    return host_.engine->UpdateVmPolicy(
        {.vm = kUuid, .etag = etag, .edit = [terms](VmPolicyRecord& record) { record.policy = terms; }}, kAlice,
        host_.now);
  }
  // A guest that has done what it was told, and whose memory the host has measured.
  void Obey() {
    const agent::v1::SetBalloons told = host_.LastSent();
    const Bytes fmem(told.fmem_balloon_bytes());
    const Bytes smem(told.smem_balloon_bytes());
    host_.Say(Harness::Report(told.generation(), fmem, smem));
    host_.Measure(Bytes::GiB(1) - fmem, Bytes::GiB(2) - smem);
  }
  Bytes Fmem() { return *host_.Tier(TierId::kFmem).target; }

  Harness host_;
};

TEST_F(EnginePromisesTest, ATenantsTermsAreWrittenDownShownAndKeptOverARestart) {
  ASSERT_TRUE(host_.engine->CreateTenant(Acme(policy::Amount::Percent(25)), kAlice, host_.now).ok());
  EXPECT_EQ(host_.Look()->tenants->at("acme").terms.fmem().limit, policy::Amount::Percent(25));
  ASSERT_THAT(host_.ledger.audit, SizeIs(1));
  const AuditRecord& audit = host_.ledger.audit.front();
  EXPECT_EQ(audit.actor, "unix: alice");
  EXPECT_EQ(audit.action, "tenant.create");
  EXPECT_EQ(audit.subject, "tenants/acme");
  EXPECT_EQ(audit.detail, "fmem limit none -> 25 %; reason: ticket 7");
  EXPECT_EQ(host_.engine->CreateTenant(Acme({}), kAlice, host_.now).status().code(), absl::StatusCode::kAlreadyExists);
  ASSERT_TRUE(host_.Restart());
  EXPECT_THAT(*host_.Look()->tenants, SizeIs(1));
}

TEST_F(EnginePromisesTest, OfTwoWhoChangeTheSameTenantTheSecondIsToldToReadAgain) {
  const auto made = host_.engine->CreateTenant(Acme({}), kAlice, host_.now);
  const std::string etag = EtagOf(*made);
  ASSERT_TRUE(SetLimit(Bytes::GiB(1), etag).ok());
  const auto second = SetLimit(Bytes::GiB(2), etag);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAborted);
  EXPECT_THAT(ToString(second.status().message()), HasSubstr("etag:"));
  EXPECT_EQ(host_.Look()->tenants->at("acme").terms.fmem().limit, policy::Amount::Of(Bytes::GiB(1)));
  // One of the same name made anew is another one, whatever its version.
  host_.Pass(absl::Seconds(1));
  ASSERT_TRUE(host_.engine->DeleteTenant("acme", "", kAlice, host_.now).ok());
  ASSERT_TRUE(host_.engine->CreateTenant(Acme({}), kAlice, host_.now).ok());
  EXPECT_EQ(host_.engine->DeleteTenant("acme", etag, kAlice, host_.now).code(), absl::StatusCode::kAborted);
}

TEST_F(EnginePromisesTest, AChangeThatChangesNothingIsNotWritten) {
  ASSERT_TRUE(host_.engine->CreateTenant(Acme(policy::Amount::Of(Bytes::GiB(1))), kAlice, host_.now).ok());
  const std::string etag = EtagOf(host_.Look()->tenants->at("acme"));
  ASSERT_TRUE(SetLimit(Bytes::GiB(1)).ok());
  EXPECT_EQ(EtagOf(host_.Look()->tenants->at("acme")), etag);
  EXPECT_THAT(host_.ledger.audit, SizeIs(1));
}

TEST_F(EnginePromisesTest, TermsThatCannotBeAreRefusedWithTheField) {
  TenantRecord tenant = Acme(policy::Amount::Of(Bytes::MiB(512)));
  // Half of the host's 1536 MiB.
  tenant.terms.fmem().reservation = policy::Amount::Percent(50);
  const auto above = host_.engine->CreateTenant(tenant, kAlice, host_.now);
  EXPECT_EQ(above.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ToString(above.status().message()),
            "fmem.reservation: 50 % is above the limit, 512 MiB; lower it or raise the limit");
  tenant.terms.fmem() = {policy::Amount::Percent(101), {}, {}};
  EXPECT_THAT(ToString(host_.engine->CreateTenant(tenant, kAlice, host_.now).status().message()),
              HasSubstr("fmem.reservation: 101 is no percentage"));
  tenant.terms.fmem() = {{}, {}, -1.0};
  EXPECT_THAT(ToString(host_.engine->CreateTenant(tenant, kAlice, host_.now).status().message()),
              HasSubstr("fmem.shares: -1 is no weight"));
  const auto no_class = Say({.mode = {}, .qos_class = "platinum", .terms = {}});
  EXPECT_THAT(ToString(no_class.status().message()), HasSubstr("no [class.platinum]"));
  EXPECT_THAT(host_.ledger.audit, IsEmpty());
}

TEST_F(EnginePromisesTest, WhatTheLedgerCannotTakeDownDoesNotHold) {
  host_.ledger.broken = absl::ResourceExhaustedError("disk full");
  const auto failed = host_.engine->CreateTenant(Acme({}), kAlice, host_.now);
  EXPECT_EQ(failed.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(ToString(failed.status().message()), HasSubstr("nothing was changed"));
  EXPECT_FALSE(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).ok());
  EXPECT_FALSE(host_.engine->SetMaintenance(true, kAlice, host_.now).ok());
  const SnapshotPtr fleet = host_.Look();
  EXPECT_THAT(*fleet->tenants, IsEmpty());
  EXPECT_THAT(*fleet->policies, IsEmpty());
  EXPECT_FALSE(fleet->host->maintenance);
  EXPECT_EQ(host_.Vm()->mode, policy::Mode::kStatic);
}

TEST_F(EnginePromisesTest, WhatIsSaidOverGrpcGoesBeforeTheMetadataAndWhatIsLeftOpenDoesNot) {
  host_.descriptions[kUuid].policy = {
      .mode = policy::Mode::kStatic, .qos_class = "", .terms = {{policy::Amount::Of(Bytes::MiB(100)), {}, 3.0}, {}}};
  host_.Appear();
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto,
                   .qos_class = "gold",
                   .terms = {{{}, policy::Amount::Of(Bytes::MiB(768)), {}}, {}}})
                  .ok());
  EXPECT_EQ(host_.Vm()->mode, policy::Mode::kAuto);
  const qos::TierPolicy fmem = host_.Tier(TierId::kFmem).policy;
  EXPECT_EQ(fmem.reservation, Bytes::MiB(100));
  EXPECT_EQ(fmem.limit, Bytes::MiB(768));
  EXPECT_EQ(fmem.shares, 3.0);
  // It is planned at once, and its limit holds.
  host_.Pass(absl::Seconds(1));
  EXPECT_EQ(Fmem(), Bytes::MiB(768));
}

TEST_F(EnginePromisesTest, APolicyOutlivesItsDomainForAWhile) {
  // As when nova reboots a server: its domain is undefined, and defined again.
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).ok());
  host_.engine->HandleGone(kUuid, host_.now);
  host_.Pass(absl::Minutes(59));
  host_.Appear();
  EXPECT_EQ(host_.Vm()->mode, policy::Mode::kAuto);
  host_.engine->HandleGone(kUuid, host_.now);
  host_.Pass(absl::Minutes(61));
  EXPECT_THAT(host_.ledger.policies, IsEmpty());
  EXPECT_EQ(host_.ledger.audit.back().action, "policy.delete");
  host_.Appear();
  EXPECT_EQ(host_.Vm()->mode, policy::Mode::kStatic);
}

TEST_F(EnginePromisesTest, APolicyThatTheLedgerCannotForgetYetIsForgottenLater) {
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).ok());
  host_.engine->HandleGone(kUuid, host_.now);
  host_.ledger.broken = absl::UnavailableError("locked");
  host_.Pass(absl::Minutes(61));
  // What is said of it is what is kept, or else it would be back after a restart.
  EXPECT_THAT(*host_.Look()->policies, SizeIs(1));
  host_.ledger.broken = absl::OkStatus();
  host_.Pass(absl::Seconds(11));
  EXPECT_THAT(*host_.Look()->policies, IsEmpty());
  EXPECT_THAT(host_.ledger.policies, IsEmpty());
}

TEST_F(EnginePromisesTest, APolicyOfADomainThatWentAwayMeanwhileIsForgottenInTime) {
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).ok());
  ASSERT_TRUE(host_.Restart());
  host_.engine->HandleResync({}, host_.now);
  host_.Pass(absl::Minutes(59));
  EXPECT_THAT(*host_.Look()->policies, SizeIs(1));
  host_.Pass(absl::Minutes(2));
  EXPECT_THAT(*host_.Look()->policies, IsEmpty());
  EXPECT_THAT(host_.ledger.policies, IsEmpty());
}

GrantRecord Grant(const std::string& uuid, Bytes fmem, const std::string& tenant = "acme") {
  return {.uuid = uuid, .tenant = tenant, .reservation = {fmem, Bytes()}};
}

TEST_F(EnginePromisesTest, AGrantIsAReservationThatMetadataAndPolicyGoBefore) {
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kUuid, Bytes::MiB(300))}, kAlice, host_.now).ok());
  EXPECT_EQ(host_.Tier(TierId::kFmem).policy.reservation, Bytes::MiB(300));
  ASSERT_TRUE(host_.Restart());
  host_.synced = false;
  host_.descriptions[kUuid].nova_policy.terms.fmem().reservation = policy::Amount::Of(Bytes::MiB(700));
  host_.Appear();
  EXPECT_EQ(host_.Tier(TierId::kFmem).policy.reservation, Bytes::MiB(300)) << "kept, and before the flavor's";
  host_.descriptions[kUuid].policy.terms.fmem().reservation = policy::Amount::Of(Bytes::MiB(200));
  host_.Appear();
  EXPECT_EQ(host_.Tier(TierId::kFmem).policy.reservation, Bytes::MiB(200));
  ASSERT_TRUE(host_.engine->SetGrants({}, kAlice, host_.now).ok());
  EXPECT_TRUE(host_.ledger.grants.empty());
  host_.descriptions[kUuid].policy = {};
  host_.Appear();
  EXPECT_EQ(host_.Tier(TierId::kFmem).policy.reservation, Bytes::MiB(700)) << "the flavor's, without a grant";
}

TEST_F(EnginePromisesTest, AGrantNamesTheTenantOfAVmWhoseDomainDoesNot) {
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kUuid, Bytes(), "bob")}, kAlice, host_.now).ok());
  EXPECT_EQ(host_.Vm()->tenant, "acme");
  host_.descriptions[kUuid].tenant.clear();
  host_.Appear();
  EXPECT_EQ(host_.Vm()->tenant, "bob");
  ASSERT_TRUE(host_.engine->SetGrants({}, kAlice, host_.now).ok());
  EXPECT_EQ(host_.Vm()->tenant, "");
}

TEST_F(EnginePromisesTest, AGrantOfAVmThatDoesNotRunIsCommittedToo) {
  const auto reserved = [this] { return qos::Reserved(CommitmentsOf(*host_.Look())).fmem(); };
  const Bytes own = reserved();
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kDatabase, Bytes::MiB(300))}, kAlice, host_.now).ok());
  EXPECT_EQ(reserved(), own + Bytes::MiB(300));
  // Nobody may grow into it.
  Obey();
  ASSERT_TRUE(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))}).ok());
  Obey();
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kDatabase, Bytes::MiB(1000))}, kAlice, host_.now).ok());
  const auto grown = host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(700))});
  EXPECT_EQ(grown.status().code(), absl::StatusCode::kOutOfRange);
  // Once it runs, what it reserves counts once.
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kUuid, Bytes::MiB(100))}, kAlice, host_.now).ok());
  EXPECT_EQ(reserved(), Bytes::MiB(512));
}

TEST_F(EnginePromisesTest, WhatAMigrationHoldsOfARunningVmCountsOnce) {
  const auto reserved = [this] { return qos::Reserved(CommitmentsOf(*host_.Look())).fmem(); };
  ASSERT_TRUE(
      Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {{policy::Amount::Of(Bytes::MiB(300)), {}, {}}, {}}})
          .ok());
  ASSERT_EQ(reserved(), Bytes::MiB(300));
  constexpr char kMigration[] = "33333333-3333-4333-8333-333333333333";
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kMigration, Bytes::MiB(300))}, kAlice, host_.now).ok());
  EXPECT_EQ(reserved(), Bytes::MiB(300));
  // One VM has one.
  ASSERT_TRUE(
      host_.engine
          ->SetGrants({Grant(kMigration, Bytes::MiB(300)), Grant(kDatabase, Bytes::MiB(300))}, kAlice, host_.now)
          .ok());
  EXPECT_EQ(reserved(), Bytes::MiB(600));
  // The VM has a grant of its own: the other is of one that is on its way.
  ASSERT_TRUE(
      host_.engine->SetGrants({Grant(kMigration, Bytes::MiB(300)), Grant(kUuid, Bytes::MiB(300))}, kAlice, host_.now)
          .ok());
  EXPECT_EQ(reserved(), Bytes::MiB(600));
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kMigration, Bytes::MiB(300), "bob")}, kAlice, host_.now).ok());
  EXPECT_EQ(reserved(), Bytes::MiB(600)) << "of another tenant";
}

TEST_F(EnginePromisesTest, GrantsAreTakenAllOrNoneAndTheSameOnesChangeNothing) {
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kUuid, Bytes(1)), Grant(kDatabase, Bytes(2))}, kAlice, host_.now).ok());
  EXPECT_THAT(host_.ledger.audit.back().detail, HasSubstr("2 grants: 2 new, 0 changed, 0 gone; reason: ticket 7"));
  const std::size_t audited = host_.ledger.audit.size();
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kDatabase, Bytes(2)), Grant(kUuid, Bytes(1))}, kAlice, host_.now).ok());
  EXPECT_THAT(host_.ledger.audit, SizeIs(audited));
  const absl::Status twice =
      host_.engine->SetGrants({Grant(kUuid, Bytes(5)), Grant(kUuid, Bytes(6))}, kAlice, host_.now);
  EXPECT_EQ(twice.code(), absl::StatusCode::kInvalidArgument);
  host_.ledger.broken = absl::ResourceExhaustedError("disk full");
  EXPECT_FALSE(host_.engine->SetGrants({}, kAlice, host_.now).ok());
  host_.ledger.broken = absl::OkStatus();
  EXPECT_THAT(*host_.Look()->grants, SizeIs(2)) << "what is not written down is not in force";
  ASSERT_TRUE(host_.engine->SetGrants({Grant(kUuid, Bytes(9))}, kAlice, host_.now).ok());
  EXPECT_THAT(host_.ledger.audit.back().detail, HasSubstr("1 grants: 0 new, 1 changed, 1 gone"));
}

TEST_F(EnginePromisesTest, InMaintenanceNoTargetIsChangedUntilItEnds) {
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).ok());
  ASSERT_TRUE(host_.engine->SetMaintenance(true, kAlice, host_.now).ok());
  host_.Pass(absl::Seconds(3));
  const Bytes before = Fmem();
  ASSERT_TRUE(
      Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {{{}, policy::Amount::Of(Bytes::MiB(256)), {}}, {}}})
          .ok());
  host_.Pass(absl::Seconds(10));
  EXPECT_EQ(Fmem(), before);
  ASSERT_TRUE(host_.Restart());
  EXPECT_EQ(host_.Look()->host->maintenance->reason, "ticket 7") << "over restarts, too";
  host_.synced = false;
  host_.BecomeManaged();
  const auto resize = host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))});
  EXPECT_EQ(resize.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(resize.status().message()), HasSubstr("maintenance (ticket 7)"));
  host_.Pass(absl::Seconds(3));
  EXPECT_EQ(Fmem(), before);
  ASSERT_TRUE(host_.engine->SetMaintenance(false, kAlice, host_.now).ok());
  host_.Pass(absl::Seconds(1));
  EXPECT_EQ(Fmem(), Bytes::MiB(256));
  EXPECT_EQ(host_.ledger.audit.back().action, "maintenance.end");
}

TEST_F(EnginePromisesTest, AResizeIsWrittenDownWithWhoAskedForIt) {
  const auto begun = host_.engine->Resize({.vm = kUuid,
                                           .tiers = {Harness::To(TierId::kFmem, Bytes::MiB(512))},
                                           .timeout = {},
                                           .validate_only = false,
                                           .caller = kAlice},
                                          host_.now);
  ASSERT_TRUE(begun.ok()) << begun.status();
  const auto records = host_.engine->Audit({.subject = "vms/" + std::string(kUuid), .before = 0, .at_most = 10});
  ASSERT_THAT(*records, SizeIs(1));
  EXPECT_EQ(records->front().action, "vm.resize");
  EXPECT_THAT(records->front().detail, HasSubstr("fmem 1 GiB -> 512 MiB, smem 2 GiB -> 2 GiB; reason: ticket 7"));
  EXPECT_THAT(*host_.engine->Audit({.subject = "host", .before = 0, .at_most = 10}), IsEmpty());
  ASSERT_TRUE(host_.engine->Cancel((*begun)->record.id, kAlice, host_.now).ok());
  EXPECT_EQ(host_.ledger.audit.back().action, "vm.cancel");
}

TEST_F(EnginePromisesTest, AVmThatNobodyPlansCannotGrowIntoWhatOthersHoldOrArePromised) {
  const std::string id = host_.Begin(Bytes::MiB(256));
  Obey();
  host_.Pass(absl::Seconds(1));
  // 1024 MiB of the other one's leave 512.
  domain::Description& other = host_.Define(kDatabase, "db1");
  other.tenant = "globex";
  host_.Appear(DomainState::kRunning, kDatabase);
  const auto refused = host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(513))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(ToString(refused.status().message()),
              HasSubstr("fmem of 513 MiB is more than the 512 MiB that other VMs"));
  ASSERT_TRUE(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))}).ok());
  // A tenant's limit holds for its VMs that nobody plans, too.
  ASSERT_TRUE(host_.engine->CreateTenant(Acme(policy::Amount::Of(Bytes::MiB(300))), kAlice, host_.now).ok());
  EXPECT_THAT(ToString(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(600))}).status().message()),
              HasSubstr("more than the 300 MiB that the limit of tenant acme"));
  // Shrinking is always right.
  EXPECT_TRUE(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(400))}).ok());
}

// A total that virsh has set, or that a guest says so of.
void SayTotal(Harness& host, Bytes fmem) {
  host.Pass(absl::Seconds(3));
  host.Say(Harness::Report(0, Bytes::GiB(1) - fmem, Bytes(), agent::v1::Report::SOURCE_TOTAL));
}

TEST_F(EnginePromisesTest, AGuestsTotalCountsNoMoreThanAClientsResize) {
  (void)host_.Begin(Bytes::MiB(256));
  Obey();
  SayTotal(host_, Bytes::MiB(512));
  EXPECT_EQ(Fmem(), Bytes::MiB(512)) << "virsh setmem, as ever";
  // The other one's 1024 MiB leave 512.
  host_.Define(kDatabase, "db1").tenant = "globex";
  host_.Appear(DomainState::kRunning, kDatabase);
  SayTotal(host_, Bytes::MiB(768));
  EXPECT_EQ(Fmem(), Bytes::MiB(512)) << "it would take what others hold";
  ASSERT_TRUE(host_.engine->SetMaintenance(true, kAlice, host_.now).ok());
  SayTotal(host_, Bytes::MiB(300));
  EXPECT_EQ(Fmem(), Bytes::MiB(512)) << "maintenance";
  ASSERT_TRUE(host_.engine->SetMaintenance(false, kAlice, host_.now).ok());
  ASSERT_TRUE(
      Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {{{}, policy::Amount::Of(Bytes::MiB(256)), {}}, {}}})
          .ok());
  host_.Pass(absl::Seconds(1));
  ASSERT_EQ(Fmem(), Bytes::MiB(256));
  for (std::uint64_t page = 0; page < 4; ++page) {
    SayTotal(host_, Bytes::GiB(1) - Bytes(page * kPage.count()));
    EXPECT_EQ(Fmem(), Bytes::MiB(256)) << "the planner decides";
  }
}

TEST_F(EnginePromisesTest, WhatATenantReservedIsNotThereForOthersWhetherOrNotItHasVms) {
  (void)host_.Begin(Bytes::MiB(256));
  Obey();
  TenantRecord globex;
  globex.id = "globex";
  globex.terms.fmem().reservation = policy::Amount::Of(Bytes::GiB(1));
  ASSERT_TRUE(host_.engine->CreateTenant(globex, kAlice, host_.now).ok());
  EXPECT_THAT(ToString(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(513))}).status().message()),
              HasSubstr("more than the 512 MiB that other VMs' memory and promises leave"));
  EXPECT_TRUE(host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))}).ok());
}

TEST_F(EnginePromisesTest, OneThatIsPlannedTakesNoResizeEvenWhileAnEarlierOneIsUnderWay) {
  const std::string id = host_.Begin(Bytes::MiB(512));
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).ok());
  const auto refused = host_.Resize({Harness::To(TierId::kFmem, Bytes::MiB(640))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(refused.status().message()), HasSubstr("tierctl policy set web1 --mode static"));
  ASSERT_TRUE(host_.engine->SetMaintenance(true, kAlice, host_.now).ok());
  EXPECT_EQ(host_.engine->Cancel(id, kAlice, host_.now).status().code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_TRUE(host_.engine->SetMaintenance(false, kAlice, host_.now).ok());
  EXPECT_TRUE(host_.engine->Cancel(id, kAlice, host_.now).ok());
}

TEST_F(EnginePromisesTest, MaintenanceThatIsBegunAgainKeepsItsBeginning) {
  ASSERT_TRUE(host_.engine->SetMaintenance(true, kAlice, host_.now).ok());
  const absl::Time began = host_.now.wall;
  host_.Pass(absl::Seconds(5));
  ASSERT_TRUE(host_.engine->SetMaintenance(true, {.actor = "bob", .reason = "longer"}, host_.now).ok());
  const MaintenanceRecord maintenance = *host_.Look()->host->maintenance;
  EXPECT_EQ(maintenance.began, began);
  EXPECT_EQ(maintenance.actor, "unix: alice");
  EXPECT_EQ(maintenance.reason, "longer");
}

TEST_F(EnginePromisesTest, ANewNameOfATenantIsInTheAuditLog) {
  ASSERT_TRUE(host_.engine->CreateTenant(Acme({}), kAlice, host_.now).ok());
  ASSERT_TRUE(
      host_.engine
          ->UpdateTenant(
              {.id = "acme", .etag = "", .edit = [](TenantRecord& tenant) { tenant.display_name = "Acme Ltd"; }},
              kAlice, host_.now)
          .ok());
  EXPECT_THAT(host_.ledger.audit.back().detail, HasSubstr("name \"\" -> \"Acme Ltd\""));
}

TEST_F(EnginePromisesTest, BeforeTheFirstListOfDomainsNobodyIsToldThatAVmDoesNotExist) {
  ASSERT_TRUE(host_.Restart());
  EXPECT_EQ(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(EnginePromisesTest, WhatIsCommittedIsAReservationOrWhatNobodyCanTakeBack) {
  EXPECT_EQ(host_.Tier(TierId::kFmem).committed, Bytes::GiB(1));
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = "gold", .terms = {}}).ok());
  EXPECT_EQ(host_.Tier(TierId::kFmem).committed, Bytes::MiB(512));
  const qos::Snapshot commitments = CommitmentsOf(*host_.Look());
  ASSERT_THAT(commitments.vms, SizeIs(1));
  EXPECT_EQ(commitments.vms[0].policy.fmem().reservation, Bytes::MiB(512));
  EXPECT_EQ(commitments.tenants[commitments.vms[0].tenant].name, "acme");
}

TEST_F(EnginePromisesTest, OneThatCannotBeDrivenKeepsAllOfItsCellsWhateverItsMode) {
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = "gold", .terms = {}}).ok());
  host_.LinkUp("boot-2", false);
  ASSERT_EQ(host_.Vm()->management, Management::kUnmanaged);
  EXPECT_EQ(host_.Tier(TierId::kFmem).committed, Bytes::GiB(1));
}

TEST_F(EnginePromisesTest, APreviewShowsWhereOtherPromisesWouldLeadAndChangesNothing) {
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = {}, .terms = {}}).ok());
  host_.Pass(absl::Seconds(5));
  Obey();
  const Bytes before = Fmem();
  const int writes = host_.ledger.writes;
  EXPECT_THAT(*host_.engine->PreviewPlan({}, host_.now), IsEmpty());
  PreviewRequest request;
  request.tenants["acme"].fmem().limit = policy::Amount::Of(Bytes::MiB(300));
  const auto by_tenant = host_.engine->PreviewPlan(request, host_.now);
  ASSERT_THAT(*by_tenant, SizeIs(1));
  EXPECT_EQ(by_tenant->front().name, "web1");
  EXPECT_EQ(by_tenant->front().in_force.fmem(), before);
  EXPECT_EQ(by_tenant->front().targets.fmem().amount, Bytes::MiB(300));
  request = {};
  request.policies["web1"] = {
      .mode = policy::Mode::kAuto, .qos_class = {}, .terms = {{{}, policy::Amount::Percent(25), {}}, {}}};
  const auto by_vm = host_.engine->PreviewPlan(request, host_.now);
  ASSERT_THAT(*by_vm, SizeIs(1));
  EXPECT_EQ(by_vm->front().targets.fmem().amount, Bytes::MiB(256));
  request.policies["web1"].qos_class = "platinum";
  EXPECT_THAT(ToString(host_.engine->PreviewPlan(request, host_.now).status().message()),
              HasSubstr("no [class.platinum]"));
  request.policies["web1"].qos_class.clear();
  request.policies[kUuid] = request.policies["web1"];
  EXPECT_THAT(ToString(host_.engine->PreviewPlan(request, host_.now).status().message()), HasSubstr("named twice"));
  request.policies.erase(kUuid);
  request.policies["web1"].terms.fmem().limit = policy::Amount::Percent(250);
  EXPECT_EQ(host_.engine->PreviewPlan(request, host_.now).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Fmem(), before);
  EXPECT_EQ(host_.ledger.writes, writes);
  EXPECT_THAT(*host_.Look()->tenants, IsEmpty());
}

TEST_F(EnginePromisesTest, AnExplanationSaysWhoPromisedWhatAndWhy) {
  host_.descriptions[kUuid].policy.terms.fmem().shares = 2;
  host_.Appear();
  const auto before = host_.engine->Explain("web1", host_.now);
  EXPECT_THAT(before->sentences, Contains(HasSubstr("not planned now: its mode is static")));
  ASSERT_TRUE(Say({.mode = policy::Mode::kAuto, .qos_class = "gold", .terms = {}}).ok());
  host_.Pass(absl::Seconds(3));
  const auto explanation = host_.engine->Explain("web1", host_.now);
  ASSERT_TRUE(explanation.ok()) << explanation.status();
  const std::vector<std::string>& said = explanation->sentences;
  EXPECT_EQ(said.front(), "its targets are planned each 2s by the policy proportional");
  EXPECT_THAT(said, Contains("fmem: reservation 512 MiB (50 %, class gold), limit 1 GiB (its cell), 2 shares (its "
                             "domain's metadata)"));
  EXPECT_THAT(said,
              Contains(HasSubstr("fmem: tenant acme has 0 B reserved, no limit and 1 share; its VMs hold 1 GiB")));
  EXPECT_THAT(said, Contains(HasSubstr("fmem: of 1.50 GiB that VMs may have on this host they hold 1 GiB")));
  EXPECT_THAT(said, Contains(HasSubstr("fmem: target 1 GiB: ")));
  EXPECT_EQ(host_.engine->Explain("nobody", host_.now).status().code(), absl::StatusCode::kNotFound);
}

TEST(EnginePromises, WhereNothingIsPlannedThereIsNothingToPreviewOrExplain) {
  Harness host;
  host.BecomeManaged();
  EXPECT_EQ(host.engine->PreviewPlan({}, host.now).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(host.engine->Explain("web1", host.now).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(host.Look()->host->off, "");
}

TEST(EnginePromises, OfTheAuditLogTheNewestRecordsAreKept) {
  EngineOptions options;
  options.keep_audit = 2;
  Harness host(options);
  for (const char* id : {"a", "b", "c"}) {
    TenantRecord tenant;
    tenant.id = id;
    ASSERT_TRUE(host.engine->CreateTenant(tenant, kAlice, host.now).ok());
  }
  host.Pass(absl::Seconds(11));
  EXPECT_THAT(host.ledger.audit, SizeIs(2));
  EXPECT_EQ(host.ledger.audit.front().subject, "tenants/b");
}

}  // namespace
}  // namespace hypertier::control
