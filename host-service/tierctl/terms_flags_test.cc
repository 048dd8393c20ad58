// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/terms_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace hypertier::tierctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ApplyTenant, NamesExactlyWhatWasGiven) {
  TenantFlags flags;
  flags.display_name = "Acme Corp.";
  flags.terms.fmem().reservation = "2GiB";
  flags.terms.smem().limit = "25%";
  flags.terms.smem().shares = "2.5";
  v1::Tenant tenant;
  google::protobuf::FieldMask mask;
  ASSERT_TRUE(Apply(flags, tenant, mask).ok());
  EXPECT_THAT(mask.paths(), ElementsAre("display_name", "fmem.reservation", "smem.limit", "smem.shares"));
  EXPECT_EQ(tenant.display_name(), "Acme Corp.");
  EXPECT_EQ(tenant.fmem().reservation().bytes(), 2ULL << 30);
  EXPECT_FALSE(tenant.fmem().has_limit());
  EXPECT_EQ(tenant.smem().limit().percent(), 25);
  EXPECT_EQ(tenant.smem().shares(), 2.5);
}

TEST(ApplyTenant, LeavesOpenWhatIsNoneAndKeepsWhatIsNotGiven) {
  TenantFlags flags;
  flags.terms.fmem().limit = "none";
  flags.terms.smem().shares = "none";
  v1::Tenant tenant;
  tenant.mutable_fmem()->mutable_limit()->set_bytes(1);
  tenant.mutable_fmem()->mutable_reservation()->set_bytes(2);
  tenant.mutable_smem()->set_shares(3);
  google::protobuf::FieldMask mask;
  ASSERT_TRUE(Apply(flags, tenant, mask).ok());
  EXPECT_THAT(mask.paths(), ElementsAre("fmem.limit", "smem.shares"));
  EXPECT_FALSE(tenant.fmem().has_limit());
  EXPECT_EQ(tenant.fmem().reservation().bytes(), 2U);
  EXPECT_FALSE(tenant.has_smem()) << "nothing is left that is said of it";
}

TEST(ApplyPolicy, TakesModeAndClassOrLeavesThemOpen) {
  v1::VmPolicy policy;
  google::protobuf::FieldMask mask;
  ASSERT_TRUE(Apply({.mode = "auto", .qos_class = "gold", .terms = {}}, policy, mask).ok());
  EXPECT_EQ(policy.mode(), v1::POLICY_MODE_AUTO);
  EXPECT_EQ(policy.qos_class(), "gold");
  ASSERT_TRUE(Apply({.mode = "none", .qos_class = "none", .terms = {}}, policy, mask).ok());
  EXPECT_EQ(policy.mode(), v1::POLICY_MODE_UNSPECIFIED);
  EXPECT_EQ(policy.qos_class(), "");
  EXPECT_THAT(mask.paths(), ElementsAre("mode", "qos_class", "mode", "qos_class"));
}

TEST(Apply, NamesTheFlagThatIsWrong) {
  const auto refused = [](const PolicyFlags& wrong) {
    v1::VmPolicy policy;
    google::protobuf::FieldMask mask;
    return ToString(Apply(wrong, policy, mask).message());
  };
  PolicyFlags flags;
  flags.terms.smem().limit = "101%";
  EXPECT_EQ(refused(flags), "--smem-limit: \"101%\" is no percentage; write 0% to 100%, or none");
  flags = {};
  flags.terms.fmem().shares = "0";
  EXPECT_THAT(refused(flags), HasSubstr("--fmem-shares: "));
  flags = {};
  flags.mode = "manual";
  EXPECT_EQ(refused(flags), "--mode: \"manual\" is no mode; write auto or static, or none");
}

TEST(FormatAmount, ShowsBytesOrPercent) {
  v1::Amount amount;
  amount.set_bytes(3ULL << 29);
  EXPECT_EQ(FormatAmount(amount), "1.50 GiB");
  amount.set_percent(12.5);
  EXPECT_EQ(FormatAmount(amount), "12.5 %");
}

}  // namespace
}  // namespace hypertier::tierctl
