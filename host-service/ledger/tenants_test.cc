// SPDX-License-Identifier: Apache-2.0
//
// Tenants, VM policies and the audit log.
#include <gmock/gmock.h>

#include <cfloat>
#include <cmath>

#include "common/text.h"
#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using policy::Amount;
using policy::Mode;
using test::Actions;
using test::Audit;
using test::LedgerDirectory;
using test::Targets;
using test::Tenant;
using test::VmPolicy;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::size_t kAll = SIZE_MAX;

TEST(LedgerTenants, KeepEveryFieldAcrossARestart) {
  const LedgerDirectory directory;
  TenantRecord extreme{
      .id = "a",
      .display_name = "it's \"A\" \xc3\xa9",
      .terms = {{.reservation = Amount::Percent(100), .limit = Amount::Of(Bytes::Max()), .shares = DBL_MAX},
                {.reservation = Amount::Of(Bytes()), .limit = Amount::Percent(100.0 / 3), .shares = DBL_MIN}},
      .version = UINT64_MAX,
      .created = absl::InfinitePast(),
      .changed = absl::InfiniteFuture()};
  TenantRecord open = Tenant("b", 0);
  open.terms = {};
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    for (const TenantRecord& tenant : {Tenant("c", 3), open, extreme}) {
      ASSERT_TRUE((*ledger)->PutTenant(tenant, Audit("tenant.create", "tenants/" + tenant.id)).ok());
    }
  }
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const auto tenants = (*ledger)->LoadTenants();
  ASSERT_TRUE(tenants.ok()) << tenants.status();
  EXPECT_TRUE(*tenants == std::vector({extreme, open, Tenant("c", 3)})) << "by id, each as it was put";
}

TEST(LedgerPolicies, KeepEveryFieldAcrossARestart) {
  const LedgerDirectory directory;
  VmPolicyRecord automatic = VmPolicy(1, "b");
  automatic.policy = {.mode = Mode::kAuto, .qos_class = "", .terms = {}};
  VmPolicyRecord open = VmPolicy(UINT64_MAX, "a");
  open.policy.mode = std::nullopt;
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    for (const VmPolicyRecord& policy : {VmPolicy(3, "c"), automatic, open}) {
      ASSERT_TRUE((*ledger)->PutVmPolicy(policy, Audit("policy.set", "vms/" + policy.uuid)).ok());
    }
  }
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const auto policies = (*ledger)->LoadVmPolicies();
  ASSERT_TRUE(policies.ok()) << policies.status();
  EXPECT_TRUE(*policies == std::vector({open, automatic, VmPolicy(3, "c")})) << "by UUID, each as it was put";
}

TEST(LedgerTenants, AreReplacedByANewerVersionAndByNoOther) {
  auto ledger = OpenLedger(":memory:");
  ASSERT_TRUE((*ledger)->PutTenant(Tenant("a", 7), Audit("tenant.create", "tenants/a")).ok());
  for (const std::uint64_t version : {7, 6}) {
    TenantRecord old = Tenant("a", version);
    old.display_name = "a client that read before another wrote";
    const absl::Status status = (*ledger)->PutTenant(old, Audit("tenant.update", "tenants/a"));
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(ToString(status.message()), AllOf(HasSubstr("tenant a: version"), HasSubstr("is not newer than 7")));
  }
  EXPECT_TRUE((*ledger)->LoadTenants()->front() == Tenant("a", 7));
  EXPECT_THAT(Actions(**ledger), ElementsAre("tenant.create")) << "what was refused is in no log";
  // Above the range of a signed integer, where SQL's own comparison would be wrong.
  EXPECT_TRUE((*ledger)->PutTenant(Tenant("a", UINT64_MAX), Audit("tenant.update", "tenants/a")).ok());
  EXPECT_EQ((*ledger)->LoadTenants()->front().version, UINT64_MAX);
  EXPECT_FALSE((*ledger)->PutTenant(Tenant("a", 8), Audit("tenant.update", "tenants/a")).ok());
}

TEST(LedgerPolicies, AreReplacedByANewerVersionAndByNoOther) {
  auto ledger = OpenLedger(":memory:");
  ASSERT_TRUE((*ledger)->PutVmPolicy(VmPolicy(7), Audit("policy.set", "vms/a")).ok());
  for (const std::uint64_t version : {7, 6}) {
    const absl::Status status = (*ledger)->PutVmPolicy(VmPolicy(version), Audit("policy.set", "vms/a"));
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(ToString(status.message()), AllOf(HasSubstr(test::kUuid), HasSubstr("is not newer than 7")));
  }
  EXPECT_TRUE((*ledger)->LoadVmPolicies()->front() == VmPolicy(7));
  EXPECT_EQ(Actions(**ledger).size(), 1U) << "what was refused is in no log";
  EXPECT_TRUE((*ledger)->PutVmPolicy(VmPolicy(8), Audit("policy.set", "vms/a")).ok());
  EXPECT_EQ((*ledger)->LoadVmPolicies()->front().version, 8U);
}

TEST(LedgerTenants, WithTermsThatCannotBeAreRefusedAndSoArePolicies) {
  auto ledger = OpenLedger(":memory:");
  const auto expect_refused = [&](const policy::Terms& terms, const std::string& why) {
    TenantRecord tenant = Tenant("a", 1);
    tenant.terms = terms;
    VmPolicyRecord policy = VmPolicy(1);
    policy.policy.terms = terms;
    for (const absl::Status& status : {(*ledger)->PutTenant(tenant, Audit("tenant.create", "tenants/a")),
                                       (*ledger)->PutVmPolicy(policy, Audit("policy.set", "vms/a"))}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
      EXPECT_THAT(ToString(status.message()), HasSubstr(why));
    }
  };
  for (const double percent : {-0.001, 100.001, double{NAN}, double{INFINITY}}) {
    expect_refused({{.reservation = Amount::Percent(percent), .limit = {}, .shares = {}}, {}}, "fmem.reservation");
    expect_refused({{}, {.reservation = {}, .limit = Amount::Percent(percent), .shares = {}}}, "smem.limit");
  }
  for (const double shares : {0.0, -1.0, double{NAN}, double{INFINITY}}) {
    expect_refused({{}, {.reservation = {}, .limit = {}, .shares = shares}}, "smem.shares");
  }
  EXPECT_TRUE((*ledger)->LoadTenants()->empty());
  EXPECT_TRUE((*ledger)->LoadVmPolicies()->empty());
  EXPECT_TRUE(Actions(**ledger).empty());
}

TEST(LedgerTenants, ThatAreDeletedAreGoneAloneAndMayComeAnew) {
  auto ledger = OpenLedger(":memory:");
  for (const char* id : {"a", "b"}) ASSERT_TRUE((*ledger)->PutTenant(Tenant(id, 9), Audit("tenant.create", id)).ok());
  ASSERT_TRUE((*ledger)->DeleteTenant("a", Audit("tenant.delete", "tenants/a")).ok());
  EXPECT_TRUE(*(*ledger)->LoadTenants() == std::vector({Tenant("b", 9)}));
  const absl::Status again = (*ledger)->DeleteTenant("a", Audit("tenant.delete", "tenants/a"));
  EXPECT_EQ(again.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(ToString(again.message()), HasSubstr("tenant a"));
  EXPECT_TRUE((*ledger)->PutTenant(Tenant("a", 1), Audit("tenant.create", "tenants/a")).ok());
  EXPECT_THAT(Actions(**ledger), ElementsAre("tenant.create", "tenant.delete", "tenant.create", "tenant.create"));
}

TEST(LedgerPolicies, ThatAreDeletedAreGoneAloneAndMayComeAnew) {
  auto ledger = OpenLedger(":memory:");
  for (const char* uuid : {"a", "b"}) {
    ASSERT_TRUE((*ledger)->PutVmPolicy(VmPolicy(9, uuid), Audit("policy.set", uuid)).ok());
  }
  ASSERT_TRUE((*ledger)->DeleteVmPolicy("a", Audit("policy.delete", "vms/a")).ok());
  EXPECT_TRUE(*(*ledger)->LoadVmPolicies() == std::vector({VmPolicy(9, "b")}));
  const absl::Status again = (*ledger)->DeleteVmPolicy("a", Audit("policy.delete", "vms/a"));
  EXPECT_EQ(again.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(ToString(again.message()), HasSubstr("policy of VM a"));
  EXPECT_TRUE((*ledger)->PutVmPolicy(VmPolicy(1, "a"), Audit("policy.set", "vms/a")).ok());
  EXPECT_THAT(Actions(**ledger), ElementsAre("policy.set", "policy.delete", "policy.set", "policy.set"));
}

TEST(LedgerPolicies, StayWhenTheirVmsTargetsGo) {
  auto ledger = OpenLedger(":memory:");
  ASSERT_TRUE((*ledger)->SetTargets(Targets(1), nullptr, nullptr, nullptr).ok());
  ASSERT_TRUE((*ledger)->PutVmPolicy(VmPolicy(9), Audit("policy.set", "vms/a")).ok());
  ASSERT_TRUE((*ledger)->ForgetTargets(test::kUuid).ok());
  EXPECT_TRUE((*ledger)->LoadTargets()->empty());
  EXPECT_TRUE(*(*ledger)->LoadVmPolicies() == std::vector({VmPolicy(9)}));
}

TEST(LedgerAudit, IsWrittenAloneToo) {
  auto ledger = OpenLedger(":memory:");
  ASSERT_TRUE((*ledger)->WriteAudit(Audit("vm.pause", "vms/a")).ok());
  EXPECT_THAT(Actions(**ledger), ElementsAre("vm.pause"));
}

TEST(LedgerAudit, KeepsEveryFieldAcrossARestartAndNumbersInOrder) {
  const LedgerDirectory directory;
  AuditRecord odd = Audit("vm.resize", "vms/\"x\"");
  odd.sequence = 77;
  odd.actor = "CN=operator,O=it's";
  odd.time = absl::InfinitePast();
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ASSERT_TRUE((*ledger)->SetTargets(Targets(1), nullptr, nullptr, &odd).ok());
    ASSERT_TRUE((*ledger)->PutTenant(Tenant("a", 1), Audit("tenant.create", "tenants/a")).ok());
  }
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  AuditRecord newest = Audit("tenant.create", "tenants/a");
  newest.sequence = 2;
  odd.sequence = 1;
  EXPECT_TRUE(*(*ledger)->LoadAudit(0, kAll, "") == std::vector({newest, odd}));
}

TEST(LedgerAudit, OfAResizeThatWasRefusedIsNotKept) {
  auto ledger = OpenLedger(":memory:");
  const AuditRecord audit = Audit("vm.resize", "vms/a");
  ASSERT_TRUE((*ledger)->SetTargets(Targets(5), nullptr, nullptr, &audit).ok());
  ASSERT_FALSE((*ledger)->SetTargets(Targets(4), nullptr, nullptr, &audit).ok());
  EXPECT_EQ(Actions(**ledger).size(), 1U);
}

std::vector<std::uint64_t> Sequences(Ledger& ledger, std::uint64_t before, std::size_t at_most,
                                     const std::string& subject = "") {
  std::vector<std::uint64_t> sequences;
  const std::vector<AuditRecord> records = *ledger.LoadAudit(before, at_most, subject);
  sequences.reserve(records.size());
  for (const AuditRecord& record : records) sequences.push_back(record.sequence);
  return sequences;
}

TEST(LedgerAudit, IsReadInPagesAndForgottenFromItsOldEndWithoutEverReusingANumber) {
  auto ledger = OpenLedger(":memory:");
  for (std::uint64_t i = 1; i <= 5; ++i) {
    ASSERT_TRUE((*ledger)->PutTenant(Tenant("a", i), Audit("tenant.update", "tenants/a")).ok());
  }
  EXPECT_THAT(Sequences(**ledger, 0, 2), ElementsAre(5, 4));
  EXPECT_THAT(Sequences(**ledger, 4, 2), ElementsAre(3, 2));
  EXPECT_THAT(Sequences(**ledger, 2, 2), ElementsAre(1));
  EXPECT_THAT(Sequences(**ledger, 1, 2), ElementsAre());
  EXPECT_THAT(Sequences(**ledger, UINT64_MAX, kAll), ElementsAre(5, 4, 3, 2, 1));
  EXPECT_THAT(Sequences(**ledger, 0, 0), ElementsAre());

  ASSERT_TRUE((*ledger)->ForgetAudit(kAll).ok());
  ASSERT_TRUE((*ledger)->ForgetAudit(5).ok());
  EXPECT_EQ(Sequences(**ledger, 0, kAll).size(), 5U);
  ASSERT_TRUE((*ledger)->ForgetAudit(3).ok());
  EXPECT_THAT(Sequences(**ledger, 0, kAll), ElementsAre(5, 4, 3));
  ASSERT_TRUE((*ledger)->ForgetAudit(0).ok());
  EXPECT_THAT(Sequences(**ledger, 0, kAll), ElementsAre());
  ASSERT_TRUE((*ledger)->DeleteTenant("a", Audit("tenant.delete", "tenants/a")).ok());
  EXPECT_THAT(Sequences(**ledger, 0, kAll), ElementsAre(6));
}

TEST(LedgerAudit, OfOneSubjectIsReadInPagesWithoutTheOthers) {
  auto ledger = OpenLedger(":memory:");
  std::uint64_t version = 0;
  for (const char* subject : {"tenants/a", "tenants/ab", "tenants/a", "TENANTS/A", "", "tenants/a", "vms/'"}) {
    ASSERT_TRUE((*ledger)->PutTenant(Tenant("a", ++version), Audit("tenant.update", subject)).ok());
  }
  EXPECT_THAT(Sequences(**ledger, 0, 2, "tenants/a"), ElementsAre(6, 3));
  EXPECT_THAT(Sequences(**ledger, 3, 2, "tenants/a"), ElementsAre(1));
  EXPECT_THAT(Sequences(**ledger, 1, 2, "tenants/a"), ElementsAre());
  EXPECT_THAT(Sequences(**ledger, 0, kAll, "tenants/ab"), ElementsAre(2));
  EXPECT_THAT(Sequences(**ledger, 0, kAll, "vms/'"), ElementsAre(7));
  for (const char* none : {"tenants/", "tenants/%", "tenants"}) {
    EXPECT_THAT(Sequences(**ledger, 0, kAll, none), ElementsAre()) << none;
  }
  EXPECT_THAT(Sequences(**ledger, 0, kAll, ""), ElementsAre(7, 6, 5, 4, 3, 2, 1));
}

}  // namespace
}  // namespace hypertier
