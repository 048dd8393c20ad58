// SPDX-License-Identifier: Apache-2.0
//
// Ledgers that an older hypertierd wrote.
#include <gmock/gmock.h>

#include "common/text.h"
#include "host-service/ledger/describe.h"
#include "host-service/ledger/dying_writes.h"
#include "host-service/ledger/fake_ledger.h"
#include "host-service/ledger/schema.h"
#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using test::Audit;
using test::Describe;
using test::Execute;
using test::LedgerDirectory;
using test::Maintenance;
using test::ReadFile;
using test::Targets;
using test::Tenant;
using test::VmPolicy;
using ::testing::HasSubstr;

// As released. Copies, so that an edited step shows: files like these are out there.
constexpr char kVersion1[] = R"sql(
PRAGMA journal_mode = WAL;
CREATE TABLE targets (
  uuid       TEXT PRIMARY KEY,
  fmem_bytes INTEGER NOT NULL,
  smem_bytes INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  changed_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE operations (
  id                TEXT PRIMARY KEY,
  uuid              TEXT NOT NULL,
  state             INTEGER NOT NULL CHECK (state BETWEEN 0 AND 4), -- pending, running, succeeded, failed, cancelled
  target_fmem_bytes INTEGER,
  target_smem_bytes INTEGER,
  start_fmem_bytes  INTEGER NOT NULL,
  start_smem_bytes  INTEGER NOT NULL,
  generation        INTEGER NOT NULL,
  created_ns        INTEGER NOT NULL,
  updated_ns        INTEGER NOT NULL,
  deadline_ns       INTEGER NOT NULL,
  ended_ns          INTEGER NOT NULL,
  error_code        INTEGER NOT NULL,                               -- of google.rpc.Code; 0: none
  error_message     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX operations_by_age ON operations (created_ns);
PRAGMA application_id = 1213484103;
PRAGMA user_version = 1;
INSERT INTO targets VALUES ('6695eb01-f6a4-8304-79aa-97f2502e193f', 536870912, 2147483648, -1, 1700000000123456789);
INSERT INTO operations VALUES ('a', '6695eb01-f6a4-8304-79aa-97f2502e193f', 3, 536870912, NULL, 1073741824, 2147483648,
                               7, 1700000000000000000, 1700000000001000000, 1700003600000000000, 1700000001000000000,
                               4, 'too late');
)sql";

// What version 2 added to it.
constexpr char kVersion2[] = R"sql(
CREATE TABLE tenants (
  id                       TEXT PRIMARY KEY,
  display_name             TEXT NOT NULL,
  fmem_reservation_bytes   INTEGER,
  fmem_reservation_percent REAL CHECK (fmem_reservation_percent BETWEEN 0 AND 100),
  fmem_limit_bytes         INTEGER,
  fmem_limit_percent       REAL CHECK (fmem_limit_percent BETWEEN 0 AND 100),
  fmem_shares              REAL CHECK (fmem_shares > 0 AND fmem_shares < 9e999),
  smem_reservation_bytes   INTEGER,
  smem_reservation_percent REAL CHECK (smem_reservation_percent BETWEEN 0 AND 100),
  smem_limit_bytes         INTEGER,
  smem_limit_percent       REAL CHECK (smem_limit_percent BETWEEN 0 AND 100),
  smem_shares              REAL CHECK (smem_shares > 0 AND smem_shares < 9e999),
  version                  INTEGER NOT NULL,
  created_ns               INTEGER NOT NULL,
  changed_ns               INTEGER NOT NULL,
  CHECK (fmem_reservation_bytes IS NULL OR fmem_reservation_percent IS NULL),
  CHECK (fmem_limit_bytes IS NULL OR fmem_limit_percent IS NULL),
  CHECK (smem_reservation_bytes IS NULL OR smem_reservation_percent IS NULL),
  CHECK (smem_limit_bytes IS NULL OR smem_limit_percent IS NULL)
) STRICT, WITHOUT ROWID;
CREATE TABLE vm_policies (
  uuid                     TEXT PRIMARY KEY,
  mode                     INTEGER CHECK (mode IN (0, 1)), -- auto, static; null: not set
  qos_class                TEXT NOT NULL,                  -- of the configuration, which may lose it; '': none
  fmem_reservation_bytes   INTEGER,
  fmem_reservation_percent REAL CHECK (fmem_reservation_percent BETWEEN 0 AND 100),
  fmem_limit_bytes         INTEGER,
  fmem_limit_percent       REAL CHECK (fmem_limit_percent BETWEEN 0 AND 100),
  fmem_shares              REAL CHECK (fmem_shares > 0 AND fmem_shares < 9e999),
  smem_reservation_bytes   INTEGER,
  smem_reservation_percent REAL CHECK (smem_reservation_percent BETWEEN 0 AND 100),
  smem_limit_bytes         INTEGER,
  smem_limit_percent       REAL CHECK (smem_limit_percent BETWEEN 0 AND 100),
  smem_shares              REAL CHECK (smem_shares > 0 AND smem_shares < 9e999),
  version                  INTEGER NOT NULL,
  changed_ns               INTEGER NOT NULL,
  CHECK (fmem_reservation_bytes IS NULL OR fmem_reservation_percent IS NULL),
  CHECK (fmem_limit_bytes IS NULL OR fmem_limit_percent IS NULL),
  CHECK (smem_reservation_bytes IS NULL OR smem_reservation_percent IS NULL),
  CHECK (smem_limit_bytes IS NULL OR smem_limit_percent IS NULL)
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice, so that a page token stays good
  time_ns  INTEGER NOT NULL,
  actor    TEXT NOT NULL,
  action   TEXT NOT NULL,
  subject  TEXT NOT NULL,
  detail   TEXT NOT NULL
) STRICT;
PRAGMA user_version = 2;
INSERT INTO tenants VALUES ('a', 'Tenant a', 64424509440, NULL, NULL, 62.5, 0.1, NULL, 0, NULL, NULL, NULL, 1,
                            1700000000000000001, 1700000000000000002);
INSERT INTO vm_policies VALUES ('6695eb01-f6a4-8304-79aa-97f2502e193f', 1, 'gold', 64424509440, NULL, NULL, 62.5, 0.1,
                                NULL, 0, NULL, NULL, NULL, -1, 1700000000000000003);
INSERT INTO audit VALUES (1, 1700000000000000004, 'uid 0 pid 123', 'tenant.create', 'tenants/a', 'fmem.shares: 1 -> 2'),
                         (2, 1700000000000000004, 'uid 0 pid 123', 'policy.set', 'vms/a', 'fmem.shares: 1 -> 2'),
                         (3, 1700000000000000004, 'uid 0 pid 123', 'tenant.create', 'tenants/b', 'fmem.shares: 1 -> 2'),
                         (4, 1700000000000000004, 'uid 0 pid 123', 'tenant.delete', 'tenants/b', 'fmem.shares: 1 -> 2');
DELETE FROM audit WHERE sequence <= 2;
)sql";

// What version 3 added to it.
constexpr char kVersion3[] = R"sql(
CREATE TABLE maintenance (
  one      INTEGER PRIMARY KEY CHECK (one = 1), -- at most one row: the maintenance that the host is in
  reason   TEXT NOT NULL,
  actor    TEXT NOT NULL,
  began_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 3;
INSERT INTO maintenance VALUES (1, 'DIMM 3', 'uid 0 pid 123', 1700000000000000005);
)sql";

FakeLedger ContentOfVersion1() {
  FakeLedger content;
  content.targets[test::kUuid] = Targets(UINT64_MAX);
  OperationRecord operation = test::Operation("a", absl::FromUnixSeconds(1'700'000'000));
  operation.state = OperationRecord::State::kFailed;
  operation.ended = absl::FromUnixSeconds(1'700'000'001);
  operation.error = absl::DeadlineExceededError("too late");
  content.operations["a"] = operation;
  return content;
}

FakeLedger ContentOfVersion2() {
  FakeLedger content = ContentOfVersion1();
  EXPECT_TRUE(content.PutTenant(Tenant("a", 1), Audit("tenant.create", "tenants/a")).ok());
  EXPECT_TRUE(content.PutVmPolicy(VmPolicy(UINT64_MAX), Audit("policy.set", "vms/a")).ok());
  EXPECT_TRUE(content.PutTenant(Tenant("b", 1), Audit("tenant.create", "tenants/b")).ok());
  EXPECT_TRUE(content.DeleteTenant("b", Audit("tenant.delete", "tenants/b")).ok());
  EXPECT_TRUE(content.ForgetAudit(2).ok());
  return content;
}

FakeLedger ContentOfVersion3() {
  FakeLedger content = ContentOfVersion2();
  content.maintenance = Maintenance("DIMM 3");
  return content;
}

struct OldLedger {
  std::int64_t version;
  // Makes it, run one after the other.
  std::vector<const char*> sql;
  FakeLedger content;
};

std::vector<OldLedger> OldLedgers() {
  return {{.version = 1, .sql = {kVersion1}, .content = ContentOfVersion1()},
          {.version = 2, .sql = {kVersion1, kVersion2}, .content = ContentOfVersion2()},
          {.version = 3, .sql = {kVersion1, kVersion2, kVersion3}, .content = ContentOfVersion3()}};
}

void Make(const OldLedger& old, const std::string& path) {
  for (const char* sql : old.sql) Execute(path, sql);
}

// What later versions added works, and goes on where the older left off.
void ExpectTakesWhatIsNew(Ledger& ledger, const OldLedger& old) {
  FakeLedger expected = old.content;
  for (Ledger* each : {&ledger, static_cast<Ledger*>(&expected)}) {
    EXPECT_TRUE(each->PutTenant(Tenant("new", 1), Audit("tenant.create", "tenants/new")).ok());
    const GrantRecord grant{.uuid = "vm", .tenant = "new", .reservation = {Bytes::GiB(1), Bytes()}};
    EXPECT_TRUE(each->SetGrants(std::span(&grant, 1), Audit("grants.set", "host")).ok());
    EXPECT_TRUE(each->SetMaintenance(Maintenance("DIMM 3"), Audit("maintenance.begin", "host")).ok());
  }
  EXPECT_EQ(Describe(ledger), Describe(expected));
}

TEST(LedgerMigration, FromAnyVersionKeepsEverythingAndTakesWhatIsNew) {
  for (OldLedger& old : OldLedgers()) {
    SCOPED_TRACE(old.version);
    const LedgerDirectory directory;
    Make(old, directory.path());
    {
      auto ledger = OpenLedger(directory.path());
      ASSERT_TRUE(ledger.ok()) << ledger.status();
      EXPECT_EQ(Describe(**ledger), Describe(old.content));
    }
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << "migrated once: " << ledger.status();
    EXPECT_EQ(Describe(**ledger), Describe(old.content));
    ExpectTakesWhatIsNew(**ledger, old);
  }
}

std::string Schema(const std::string& path) {
  auto database = sqlite::Database::Open(path, absl::Seconds(1));
  return *(*database)->QueryText(
      "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema ORDER BY name)");
}

TEST(LedgerMigration, FromAnyVersionEndsWhereANewLedgerBegins) {
  const LedgerDirectory fresh;
  ASSERT_TRUE(OpenLedger(fresh.path()).ok());
  for (const OldLedger& old : OldLedgers()) {
    const LedgerDirectory directory;
    Make(old, directory.path());
    ASSERT_TRUE(OpenLedger(directory.path()).ok());
    EXPECT_EQ(Schema(directory.path()), Schema(fresh.path())) << "from version " << old.version;
  }
}

TEST(LedgerMigration, KilledInAnyWriteIsTakenUpAgainAndLosesNothing) {
  for (OldLedger& old : OldLedgers()) {
    int deaths = 0;
    for (int write = 1;; ++write) {
      SCOPED_TRACE(fmt::format("version {}, death in write {}", old.version, write));
      const LedgerDirectory directory(test::InMemoryFiles());
      Make(old, directory.path());
      const bool died =
          test::DiesInWrite(write, test::Death::kTorn, [&] { OpenLedger(directory.path()).IgnoreError(); });
      auto ledger = OpenLedger(directory.path());
      ASSERT_TRUE(ledger.ok()) << ledger.status();
      EXPECT_EQ(Describe(**ledger), Describe(old.content));
      ExpectTakesWhatIsNew(**ledger, old);
      if (!died) break;
      ++deaths;
    }
    EXPECT_GT(deaths, 5) << "from version " << old.version;
  }
}

TEST(LedgerMigration, WithoutRoomForItSaysSoAndLeavesTheOldVersion) {
  for (OldLedger& old : OldLedgers()) {
    SCOPED_TRACE(old.version);
    const LedgerDirectory directory;
    Make(old, directory.path());
    // SQLite takes fewer than there are for as many as there are.
    const auto full = OpenLedger(directory.path(), {.max_pages = 1});
    EXPECT_EQ(full.status().code(), absl::StatusCode::kResourceExhausted) << full.status();
    EXPECT_THAT(ToString(full.status().message()), HasSubstr("free space"));
    auto database = sqlite::Database::Open(directory.path(), absl::Seconds(1));
    EXPECT_EQ(*(*database)->QueryInteger("PRAGMA user_version"), old.version);
    database->reset();
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    EXPECT_EQ(Describe(**ledger), Describe(old.content));
  }
}

TEST(LedgerMigration, NeverGoesBackFromTheVersionAfterThisOne) {
  const LedgerDirectory directory;
  ASSERT_TRUE(OpenLedger(directory.path()).ok());
  Execute(directory.path(), "PRAGMA user_version = " + std::to_string(LedgerSchemaVersion() + 1));
  const std::string before = ReadFile(directory.path());
  const auto ledger = OpenLedger(directory.path());
  EXPECT_EQ(ledger.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(ledger.status().message()),
              HasSubstr(fmt::format("newer hypertierd (schema {}, this one knows {})", LedgerSchemaVersion() + 1,
                                    LedgerSchemaVersion())));
  EXPECT_TRUE(ReadFile(directory.path()) == before);
}

}  // namespace
}  // namespace hypertier
