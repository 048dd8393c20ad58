// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/schema.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

namespace hypertier {
namespace {

// Step N brings a database of version N to N + 1. Released steps are never edited: a change of the schema is a new
// step.
//
// Amounts and generations are unsigned in the program and keep their bits in SQLite's signed integers. Times are
// nanoseconds since 1970; the largest and the smallest integer stand for the infinite future and past.
constexpr std::array<const char*, 4> kMigrations = {
    R"sql(
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
)sql",
    // Terms (an amount is bytes or a percentage or, both null, not set; shares are finite) stand in both tables in the
    // same order.
    R"sql(
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
)sql",
    R"sql(
CREATE TABLE maintenance (
  one      INTEGER PRIMARY KEY CHECK (one = 1), -- at most one row: the maintenance that the host is in
  reason   TEXT NOT NULL,
  actor    TEXT NOT NULL,
  began_ns INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
    R"sql(
CREATE TABLE grants (
  uuid       TEXT PRIMARY KEY,
  tenant     TEXT NOT NULL, -- '': none
  fmem_bytes INTEGER NOT NULL,
  smem_bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)sql",
};

// Where https://www.sqlite.org/fileformat.html puts things in the first 100 bytes.
constexpr std::size_t kHeaderSize = 100;
constexpr std::string_view kMagic = std::string_view("SQLite format 3\0", 16);
constexpr std::size_t kPageSizeOffset = 16;
constexpr std::size_t kUserVersionOffset = 60;
constexpr std::size_t kApplicationIdOffset = 68;

constexpr std::string_view kMoveAway = "move the file away (keep it for analysis) or restore a copy, then start again";

std::int64_t BigEndian32(const char* bytes) {
  std::uint32_t value = 0;
  for (int i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int32_t>(value);
}

// A page size of 64 KiB does not fit the field and is written as 1.
std::int64_t PageSize(const char* header) {
  const auto* field = reinterpret_cast<const unsigned char*>(header + kPageSizeOffset);
  const std::int64_t size = field[0] << 8 | field[1];
  return size == 1 ? 65536 : size;
}

bool HasJournal(const std::string& path) {
  struct stat journal = {};
  return stat((path + "-wal").c_str(), &journal) == 0 && journal.st_size > 0;
}

absl::Status CheckIdentity(const std::string& path, std::int64_t application_id, std::int64_t version) {
  if (application_id != kLedgerApplicationId && (application_id != 0 || version != 0)) {
    return absl::FailedPreconditionError(fmt::format(
        "ledger {}: this SQLite database belongs to another program; set state.ledger to a path of its own", path));
  }
  if (version > LedgerSchemaVersion()) {
    return absl::FailedPreconditionError(
        fmt::format("ledger {}: written by a newer hypertierd (schema {}, this one knows {}); install that version "
                    "again, or move the "
                    "file away",
                    path, version, LedgerSchemaVersion()));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status LedgerDamage(const std::string& path, std::string_view what) {
  return absl::DataLossError(fmt::format("ledger {}: damaged ({}); {}", path, what, kMoveAway));
}

std::int64_t LedgerSchemaVersion() {
  return static_cast<std::int64_t>(kMigrations.size());
}

absl::Status CheckLedgerHeader(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT) return absl::OkStatus();
    return absl::PermissionDeniedError(
        fmt::format("ledger {}: {}; hypertierd's user must be able to read it", path, std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    return absl::InvalidArgumentError(
        fmt::format("ledger {}: not a file; set state.ledger to the path of a file", path));
  }
  if (info.st_size == 0) {
    // SQLite would throw the journal of an emptied file away, and what was acknowledged with it.
    if (!HasJournal(path)) return absl::OkStatus();
    return absl::DataLossError(
        fmt::format("ledger {}: empty, but its journal {}-wal is not; {}", path, path, kMoveAway));
  }
  std::array<char, kHeaderSize> header = {};
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return absl::PermissionDeniedError(
        fmt::format("ledger {}: {}; hypertierd's user must be able to read it", path, std::strerror(errno)));
  }
  if (!file.read(header.data(), header.size()) || std::string_view(header.data(), kMagic.size()) != kMagic) {
    return absl::DataLossError(fmt::format("ledger {}: not an SQLite database, or damaged; {}", path, kMoveAway));
  }
  // SQLite reads what is missing of the last page as zeroes. (A journal may still hold that page.)
  const std::int64_t page_size = PageSize(header.data());
  if (page_size == 0 || (info.st_size % page_size != 0 && !HasJournal(path))) {
    return LedgerDamage(path, "cut off in a page");
  }
  return CheckIdentity(path, BigEndian32(header.data() + kApplicationIdOffset),
                       BigEndian32(header.data() + kUserVersionOffset));
}

absl::Status CheckLedgerContent(sqlite::Database& database) {
  const absl::StatusOr<std::int64_t> application_id = database.QueryInteger("PRAGMA application_id");
  if (!application_id.ok()) return application_id.status();
  const absl::StatusOr<std::int64_t> version = database.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (absl::Status status = CheckIdentity(database.path(), *application_id, *version); !status.ok()) return status;
  const absl::StatusOr<std::int64_t> tables = database.QueryInteger("SELECT count(*) FROM sqlite_schema");
  if (!tables.ok()) return tables.status();
  if (*version == 0 && *tables > 0) {
    return absl::FailedPreconditionError(
        fmt::format("ledger {}: this SQLite database belongs to another program; set state.ledger to a path of its own",
                    database.path()));
  }
  const absl::StatusOr<std::string> verdict = database.QueryText("PRAGMA integrity_check(1)");
  if (!verdict.ok()) return verdict.status();
  if (*verdict == "ok") return absl::OkStatus();
  return LedgerDamage(database.path(), *verdict);
}

absl::Status MigrateLedger(sqlite::Database& database) {
  const absl::StatusOr<std::int64_t> version = database.QueryInteger("PRAGMA user_version");
  if (!version.ok()) return version.status();
  for (auto step = static_cast<std::size_t>(*version); step < kMigrations.size(); ++step) {
    absl::StatusOr<sqlite::Transaction> transaction = sqlite::Transaction::Begin(database);
    if (!transaction.ok()) return transaction.status();
    const std::string stamp =
        fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}", kLedgerApplicationId, step + 1);
    if (absl::Status status = database.Execute(kMigrations[step]); !status.ok()) return status;
    if (absl::Status status = database.Execute(stamp); !status.ok()) return status;
    if (absl::Status status = transaction->Commit(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace hypertier
