// SPDX-License-Identifier: Apache-2.0
//
// Rows that hypertierd never wrote.
#include <gmock/gmock.h>

#include "common/text.h"
#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using test::Audit;
using test::Execute;
using test::LedgerDirectory;
using test::Maintenance;
using test::Tenant;
using test::VmPolicy;
using ::testing::AllOf;
using ::testing::HasSubstr;

struct Damage {
  std::string assignment;
  std::string why;
};

// What may stand in the columns of either table, were it not for its checks.
const std::vector<Damage> kDamages = {
    {"fmem_limit_percent = 100.5", "fmem.limit: 100.5 %"},
    {"smem_reservation_percent = -1", "smem.reservation: -1 %"},
    {"fmem_shares = 0", "fmem.shares: 0 is not"},
    {"smem_shares = -2.5", "smem.shares: -2.5 is not"},
    {"smem_shares = 9e999", "smem.shares: inf is not"},
    {"fmem_reservation_bytes = 1, fmem_reservation_percent = 1", "fmem: an amount both"},
    {"smem_limit_bytes = 1, smem_limit_percent = 1", "smem: an amount both"},
};

void FillLedger(Ledger& ledger) {
  for (const char* id : {"a", "b"}) {
    ASSERT_TRUE(ledger.PutTenant(Tenant(id, 1), Audit("tenant.create", "tenants/a")).ok());
    ASSERT_TRUE(ledger.PutVmPolicy(VmPolicy(1, id), Audit("policy.set", "vms/a")).ok());
  }
}

void ExpectDamage(const absl::Status& status, const std::string& path, const std::string& row, const std::string& why) {
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  EXPECT_THAT(ToString(status.message()),
              AllOf(HasSubstr(path), HasSubstr(row), HasSubstr(why), HasSubstr("move the file away")));
}

TEST(LedgerRow, ThatCannotBeIsNamedAndNotTakenForAPromise) {
  const auto damage_row = [](const std::string& path, const std::string& table, const std::string& key,
                             const std::string& assignment) {
    Execute(path, "PRAGMA ignore_check_constraints = ON; UPDATE " + table + " SET " + assignment + " WHERE " + key +
                      " = 'b'");
  };
  for (const Damage& damage : kDamages) {
    const LedgerDirectory directory;
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    FillLedger(**ledger);
    damage_row(directory.path(), "tenants", "id", damage.assignment);
    ExpectDamage((*ledger)->LoadTenants().status(), directory.path(), "tenant b", damage.why);
    EXPECT_TRUE((*ledger)->LoadVmPolicies().ok());
    damage_row(directory.path(), "vm_policies", "uuid", damage.assignment);
    ExpectDamage((*ledger)->LoadVmPolicies().status(), directory.path(), "policy of VM b", damage.why);
    ledger->reset();
    // The database's own check finds it at the next start, though not the row.
    ExpectDamage(OpenLedger(directory.path()).status(), directory.path(), "CHECK constraint failed", "");
  }
  const LedgerDirectory directory;
  auto ledger = OpenLedger(directory.path());
  FillLedger(**ledger);
  damage_row(directory.path(), "vm_policies", "uuid", "mode = 2");
  ExpectDamage((*ledger)->LoadVmPolicies().status(), directory.path(), "policy of VM b", "mode: there is none");
}

TEST(LedgerRow, OfASecondMaintenanceIsNamedAndNeitherIsTaken) {
  for (const char* damage : {"INSERT INTO maintenance VALUES (2, 'other', 'nobody', 0)",
                             "INSERT INTO maintenance VALUES (-1, 'other', 'nobody', 0)"}) {
    const LedgerDirectory directory;
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    FillLedger(**ledger);
    ASSERT_TRUE((*ledger)->SetMaintenance(Maintenance("DIMM 3"), Audit("maintenance.begin", "host")).ok());
    Execute(directory.path(), std::string("PRAGMA ignore_check_constraints = ON; ") + damage);
    ExpectDamage((*ledger)->LoadMaintenance().status(), directory.path(), "maintenance: row ", "only row 1");
    EXPECT_TRUE((*ledger)->LoadTenants().ok());
    ledger->reset();
    ExpectDamage(OpenLedger(directory.path()).status(), directory.path(), "CHECK constraint failed", "maintenance");
  }
}

TEST(LedgerRow, ThatCannotBeIsRefusedByTheTableItself) {
  const LedgerDirectory directory;
  auto ledger = OpenLedger(directory.path());
  FillLedger(**ledger);
  ASSERT_TRUE((*ledger)->SetMaintenance(Maintenance("DIMM 3"), Audit("maintenance.begin", "host")).ok());
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(directory.path().c_str(), &other), SQLITE_OK);
  std::vector<std::string> updates = {"UPDATE vm_policies SET mode = 2",
                                      "UPDATE vm_policies SET qos_class = NULL",
                                      "UPDATE tenants SET version = 'one'",
                                      "INSERT INTO maintenance VALUES (2, 'other', 'nobody', 0)",
                                      "UPDATE maintenance SET one = 2",
                                      "UPDATE maintenance SET reason = NULL",
                                      "UPDATE maintenance SET began_ns = 'yesterday'"};
  for (const std::string table : {"tenants", "vm_policies"}) {
    for (const Damage& damage : kDamages) updates.push_back("UPDATE " + table + " SET " + damage.assignment);
  }
  for (const std::string& update : updates) {
    EXPECT_EQ(sqlite3_exec(other, update.c_str(), nullptr, nullptr, nullptr), SQLITE_CONSTRAINT) << update;
  }
  sqlite3_close(other);
}

}  // namespace
}  // namespace hypertier
