// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/qos_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hypertier::tierctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::uint64_t kGiB = 1ULL << 30;

TEST(FormatHost, ShowsTiersPolicyAndWhatDoesNotFit) {
  v1::Host host;
  host.set_policy("hotness");
  host.add_qos_classes("gold");
  host.add_qos_classes("silver");
  host.add_problems("fmem: 70 GiB are reserved on this host, which has 64 GiB");
  v1::HostTier& tier = *host.add_tiers();
  tier.set_kind(v1::TIER_KIND_FMEM);
  tier.set_capacity_bytes(64 * kGiB);
  tier.set_reservation_bytes(70 * kGiB);
  tier.set_target_bytes(30 * kGiB);
  tier.set_charged_bytes(31 * kGiB);
  EXPECT_EQ(FormatHost(host),
            "  policy       hotness\n"
            "  classes      gold, silver\n"
            "\n"
            "  TIER  CAPACITY  RESERVED  UNRESERVED  TARGET  CHARGED\n"
            "  fmem    64 GiB    70 GiB         0 B  30 GiB   31 GiB\n"
            "\n"
            "  problems\n"
            "  fmem: 70 GiB are reserved on this host, which has 64 GiB\n");
}

TEST(FormatHost, SaysWhyNothingIsPlannedAndThatItIsInMaintenance) {
  v1::Host host;
  host.set_reason("the size of the tiers is not known");
  host.mutable_maintenance()->set_reason("swap\x1b[2J a DIMM");
  host.mutable_maintenance()->set_actor("unix: alice");
  host.mutable_maintenance()->mutable_begin_time()->set_seconds(86400);
  const std::string text = FormatHost(host);
  EXPECT_THAT(text, HasSubstr("  policy       none: the size of the tiers is not known\n"));
  EXPECT_THAT(text, HasSubstr("  maintenance  since 1970-01-02 00:00:00Z by unix: alice: swap\\u{1b}[2J a DIMM\n"));
}

v1::Tenant Acme() {
  v1::Tenant tenant;
  tenant.set_name("tenants/acme");
  tenant.set_display_name("Acme");
  tenant.set_etag("7");
  tenant.set_vms(2);
  tenant.mutable_fmem()->mutable_reservation()->set_percent(25);
  v1::TenantTier& tier = *tenant.add_tiers();
  tier.set_kind(v1::TIER_KIND_FMEM);
  tier.set_reservation_bytes(16 * kGiB);
  tier.set_shares(2);
  tier.set_vms_reservation_bytes(8 * kGiB);
  tier.set_target_bytes(9 * kGiB);
  tier.set_charged_bytes(10 * kGiB);
  return tenant;
}

TEST(FormatTenants, ShowsATierARowWithoutTheResourcePrefix) {
  EXPECT_EQ(FormatTenants({Acme()}),
            "TENANT  NAME  VMS  TIER  RESERVATION  LIMIT  SHARES  OF VMS  TARGET  CHARGED\n"
            "acme    Acme    2  fmem       16 GiB      -       2   8 GiB   9 GiB   10 GiB\n");
}

TEST(FormatTenant, ShowsWhatAPercentageComesTo) {
  EXPECT_THAT(FormatTenant(Acme()), HasSubstr("  fmem  16 GiB (25 %)      -       2   8 GiB   9 GiB   10 GiB\n"));
}

TEST(FormatTenant, SaysThatVmsNameATenantWithoutTerms) {
  v1::Tenant tenant;
  tenant.set_name("tenants/globex");
  EXPECT_THAT(FormatTenant(tenant), HasSubstr("has no terms"));
  EXPECT_THAT(FormatTenant(tenant), Not(HasSubstr("etag")));
}

TEST(FormatPolicy, ShowsWhatWasSaidAndADashForWhatIsLeftOpen) {
  v1::VmPolicy policy;
  policy.set_name("vms/1/policy");
  EXPECT_THAT(FormatPolicy(policy), HasSubstr("nothing was said"));
  policy.set_etag("3");
  policy.set_mode(v1::POLICY_MODE_AUTO);
  policy.mutable_smem()->mutable_limit()->set_percent(50);
  policy.mutable_smem()->set_shares(0.5);
  const std::string text = FormatPolicy(policy);
  EXPECT_THAT(text, HasSubstr("  mode         auto\n  class        -\n"));
  EXPECT_THAT(text, HasSubstr("  fmem            -      -       -\n  smem            -   50 %     0.5\n"));
}

TEST(FormatAdmission, SaysAdmittedOrEveryReason) {
  v1::CheckAdmissionResponse response;
  response.set_unreserved_fmem_bytes(kGiB);
  response.add_reasons("fmem: too much");
  response.add_reasons("smem: too much");
  EXPECT_EQ(FormatAdmission(response),
            "fmem: too much\nsmem: too much\nUnreserved on this host: 1 GiB of fmem, 0 B of smem.\n");
  response.set_admitted(true);
  EXPECT_THAT(FormatAdmission(response), HasSubstr("admitted\n"));
}

TEST(FormatPreview, ShowsTargetsThatChangeOrSaysThatNoneDoes) {
  v1::PlanPreviewResponse preview;
  EXPECT_EQ(FormatPreview(preview), "No target would change.\n");
  v1::PlannedVm& vm = *preview.add_vms();
  vm.set_display_name("web-1");
  v1::PlannedTier& tier = *vm.add_tiers();
  tier.set_kind(v1::TIER_KIND_FMEM);
  tier.set_target_bytes(4 * kGiB);
  tier.set_next_target_bytes(3 * kGiB);
  tier.set_aim_bytes(2 * kGiB);
  tier.set_reason("on the way to 2 GiB, in steps");
  EXPECT_THAT(FormatPreview(preview),
              HasSubstr("web-1  -       fmem   4 GiB  3 GiB  2 GiB  on the way to 2 GiB, in steps\n"));
}

TEST(FormatAudit, ShowsARecordALine) {
  v1::ListAuditRecordsResponse audit;
  EXPECT_EQ(FormatAudit(audit), "No records.\n");
  v1::AuditRecord& record = *audit.add_records();
  record.mutable_time()->set_seconds(86400);
  record.set_actor("unix: alice");
  record.set_action("tenant.create");
  record.set_subject("tenants/acme");
  record.set_detail("fmem reservation 16 GiB; a\nnew customer");
  EXPECT_THAT(FormatAudit(audit), HasSubstr("1970-01-02 00:00:00Z  unix: alice  tenant.create  tenants/acme  "
                                            "fmem reservation 16 GiB; a\\u{a}new customer\n"));
}

}  // namespace
}  // namespace hypertier::tierctl
