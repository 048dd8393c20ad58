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
using test::ReadFile;
using test::Targets;
using test::Tenant;
using test::WriteFile;
using ::testing::HasSubstr;

// As released. A copy, so that an edited step shows: files like this are out there.
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

void ExpectContentOfVersion1(Ledger& ledger) {
  FakeLedger expected;
  expected.targets[test::kUuid] = Targets(UINT64_MAX);
  OperationRecord operation = test::Operation("a", absl::FromUnixSeconds(1'700'000'000));
  operation.state = OperationRecord::State::kFailed;
  operation.ended = absl::FromUnixSeconds(1'700'000'001);
  operation.error = absl::DeadlineExceededError("too late");
  expected.operations["a"] = operation;
  EXPECT_EQ(Describe(ledger), Describe(expected));
}

TEST(LedgerMigration, FromVersion1KeepsTargetsAndOperationsAndTakesTenants) {
  const LedgerDirectory directory;
  Execute(directory.path(), kVersion1);
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ExpectContentOfVersion1(**ledger);
  }
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << "migrated once: " << ledger.status();
  ExpectContentOfVersion1(**ledger);
  EXPECT_TRUE((*ledger)->PutTenant(Tenant("a", 1), Audit("tenant.create", "tenants/a")).ok());
}

std::string Schema(const std::string& path) {
  auto database = sqlite::Database::Open(path, absl::Seconds(1));
  return *(*database)->QueryText(
      "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema ORDER BY name)");
}

TEST(LedgerMigration, FromVersion1EndsWhereANewLedgerBegins) {
  const LedgerDirectory old;
  const LedgerDirectory fresh;
  Execute(old.path(), kVersion1);
  ASSERT_TRUE(OpenLedger(old.path()).ok());
  ASSERT_TRUE(OpenLedger(fresh.path()).ok());
  EXPECT_EQ(Schema(old.path()), Schema(fresh.path()));
}

TEST(LedgerMigration, KilledInAnyWriteIsTakenUpAgainAndLosesNothing) {
  int deaths = 0;
  for (int write = 1;; ++write) {
    const LedgerDirectory directory(test::InMemoryFiles());
    Execute(directory.path(), kVersion1);
    const bool died = test::DiesInWrite(write, test::Death::kTorn, [&] { OpenLedger(directory.path()).IgnoreError(); });
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << "after death in write " << write << ": " << ledger.status();
    ExpectContentOfVersion1(**ledger);
    EXPECT_TRUE((*ledger)->PutTenant(Tenant("a", 1), Audit("tenant.create", "tenants/a")).ok());
    if (!died) break;
    ++deaths;
  }
  EXPECT_GT(deaths, 5);
}

TEST(LedgerMigration, WithoutRoomForItSaysSoAndLeavesVersion1) {
  const LedgerDirectory directory;
  Execute(directory.path(), kVersion1);
  const auto full = OpenLedger(directory.path(), {.max_pages = 5});
  EXPECT_EQ(full.status().code(), absl::StatusCode::kResourceExhausted) << full.status();
  EXPECT_THAT(ToString(full.status().message()), HasSubstr("free space"));
  auto database = sqlite::Database::Open(directory.path(), absl::Seconds(1));
  EXPECT_EQ(*(*database)->QueryInteger("PRAGMA user_version"), 1);
  database->reset();
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  ExpectContentOfVersion1(**ledger);
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
