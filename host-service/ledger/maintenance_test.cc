// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using test::Actions;
using test::Audit;
using test::LedgerDirectory;
using test::Maintenance;
using test::Tenant;
using ::testing::ElementsAre;

TEST(LedgerMaintenance, IsOffUntilItIsSetAndKeepsEveryFieldAcrossARestart) {
  const LedgerDirectory directory;
  const MaintenanceRecord odd{
      .reason = "it's \"DIMM 3\" \xc3\xa9", .actor = "CN=operator", .began = absl::FromUnixNanos(-1)};
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    EXPECT_TRUE(*(*ledger)->LoadMaintenance() == std::nullopt);
    ASSERT_TRUE((*ledger)->SetMaintenance(odd, Audit("maintenance.begin", "host")).ok());
    EXPECT_TRUE(*(*ledger)->LoadMaintenance() == odd);
  }
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE(*(*ledger)->LoadMaintenance() == odd);
  EXPECT_THAT(Actions(**ledger, "host"), ElementsAre("maintenance.begin"));
}

TEST(LedgerMaintenance, IsReplacedByTheNextAndLeavesNoneWhenItEnds) {
  const LedgerDirectory directory;
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ASSERT_TRUE((*ledger)->PutTenant(Tenant("a", 1), Audit("tenant.create", "tenants/a")).ok());
    for (const char* reason : {"DIMM 3", "DIMM 4"}) {
      ASSERT_TRUE((*ledger)->SetMaintenance(Maintenance(reason), Audit("maintenance.begin", "host")).ok());
      EXPECT_TRUE(*(*ledger)->LoadMaintenance() == Maintenance(reason));
    }
    for (const char* when : {"on", "over"}) {
      ASSERT_TRUE((*ledger)->SetMaintenance(std::nullopt, Audit("maintenance.end", "host")).ok()) << when;
      EXPECT_TRUE(*(*ledger)->LoadMaintenance() == std::nullopt) << when;
    }
  }
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE(*(*ledger)->LoadMaintenance() == std::nullopt);
  EXPECT_TRUE((*ledger)->LoadTenants()->front() == Tenant("a", 1)) << "nothing else ends with it";
  EXPECT_THAT(Actions(**ledger, "host"),
              ElementsAre("maintenance.end", "maintenance.end", "maintenance.begin", "maintenance.begin"));
}

TEST(LedgerMaintenance, ThatCannotBeAuditedDoesNotBegin) {
  const LedgerDirectory directory;
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  // Stands for whatever goes wrong after the first of the two writes.
  test::Execute(directory.path(),
                "CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT raise(ABORT, 'refused'); END");
  EXPECT_FALSE((*ledger)->SetMaintenance(Maintenance("DIMM 3"), Audit("maintenance.begin", "host")).ok());
  EXPECT_TRUE(*(*ledger)->LoadMaintenance() == std::nullopt);
  test::Execute(directory.path(), "DROP TRIGGER refuse");
  EXPECT_TRUE((*ledger)->SetMaintenance(Maintenance("DIMM 3"), Audit("maintenance.begin", "host")).ok());
  EXPECT_TRUE(*(*ledger)->LoadMaintenance() == Maintenance("DIMM 3"));
}

}  // namespace
}  // namespace hypertier
