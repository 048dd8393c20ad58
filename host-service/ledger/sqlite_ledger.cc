// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/sqlite_ledger.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

#include "common/text.h"
#include "host-service/ledger/schema.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {
namespace {

using sqlite::Database;
using sqlite::Statement;
using sqlite::Transaction;

constexpr std::int64_t kPast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kFuture = std::numeric_limits<std::int64_t>::max();

std::int64_t ToSql(absl::Time time) {
  if (time == absl::InfinitePast()) return kPast;
  if (time == absl::InfiniteFuture()) return kFuture;
  return absl::ToUnixNanos(time);
}

absl::Time TimeFromSql(std::int64_t nanoseconds) {
  if (nanoseconds == kPast) return absl::InfinitePast();
  if (nanoseconds == kFuture) return absl::InfiniteFuture();
  return absl::FromUnixNanos(nanoseconds);
}

std::int64_t ToSql(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
std::int64_t ToSql(Bytes bytes) {
  return ToSql(bytes.count());
}
Bytes BytesFromSql(std::int64_t value) {
  return Bytes(static_cast<std::uint64_t>(value));
}

void BindOptional(Statement& statement, int index, const std::optional<Bytes>& bytes) {
  if (bytes) {
    statement.Bind(index, ToSql(*bytes));
  } else {
    statement.BindNull(index);
  }
}

std::optional<Bytes> OptionalBytes(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return BytesFromSql(row.Integer(column));
}

OperationRecord ReadOperation(const Statement& row) {
  OperationRecord operation;
  operation.id = row.Text(0);
  operation.uuid = row.Text(1);
  // The table's CHECK keeps it in range.
  operation.state = static_cast<OperationRecord::State>(row.Integer(2));
  operation.targets = {OptionalBytes(row, 3), OptionalBytes(row, 4)};
  operation.start = {BytesFromSql(row.Integer(5)), BytesFromSql(row.Integer(6))};
  operation.generation = static_cast<std::uint64_t>(row.Integer(7));
  operation.created = TimeFromSql(row.Integer(8));
  operation.updated = TimeFromSql(row.Integer(9));
  operation.deadline = TimeFromSql(row.Integer(10));
  operation.ended = TimeFromSql(row.Integer(11));
  if (row.Integer(12) != 0) operation.error = {static_cast<absl::StatusCode>(row.Integer(12)), row.Text(13)};
  return operation;
}

class SqliteLedger : public Ledger {
 public:
  explicit SqliteLedger(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  absl::StatusOr<std::vector<TargetRecord>> LoadTargets() override {
    absl::StatusOr<Statement> row =
        database_->Prepare("SELECT uuid, fmem_bytes, smem_bytes, generation, changed_ns FROM targets");
    if (!row.ok()) return row.status();
    std::vector<TargetRecord> records;
    while (true) {
      const absl::StatusOr<bool> found = row->Step();
      if (!found.ok()) return found.status();
      if (!*found) return records;
      records.push_back({.uuid = row->Text(0),
                         .targets = {BytesFromSql(row->Integer(1)), BytesFromSql(row->Integer(2))},
                         .generation = static_cast<std::uint64_t>(row->Integer(3)),
                         .changed = TimeFromSql(row->Integer(4))});
    }
  }

  absl::StatusOr<std::vector<OperationRecord>> LoadOperations() override {
    absl::StatusOr<Statement> row = database_->Prepare(
        "SELECT id, uuid, state, target_fmem_bytes, target_smem_bytes, start_fmem_bytes, start_smem_bytes, generation,"
        " created_ns, updated_ns, deadline_ns, ended_ns, error_code, error_message"
        " FROM operations ORDER BY created_ns DESC, id DESC");
    if (!row.ok()) return row.status();
    std::vector<OperationRecord> records;
    while (true) {
      const absl::StatusOr<bool> found = row->Step();
      if (!found.ok()) return found.status();
      if (!*found) return records;
      records.push_back(ReadOperation(*row));
    }
  }

  absl::Status SetTargets(const TargetRecord& targets, const OperationRecord* begun,
                          const OperationRecord* superseded) override {
    absl::StatusOr<Transaction> transaction = Transaction::Begin(*database_);
    if (!transaction.ok()) return transaction.status();
    if (absl::Status status = PutTargets(targets); !status.ok()) return status;
    if (superseded != nullptr) {
      if (absl::Status status = PutOperation(*superseded); !status.ok()) return status;
    }
    if (begun != nullptr) {
      if (absl::Status status = PutOperation(*begun); !status.ok()) return status;
    }
    return transaction->Commit();
  }

  absl::Status UpdateOperation(const OperationRecord& operation) override {
    absl::StatusOr<Transaction> transaction = Transaction::Begin(*database_);
    if (!transaction.ok()) return transaction.status();
    if (absl::Status status = PutOperation(operation); !status.ok()) return status;
    return transaction->Commit();
  }

  absl::Status ForgetVm(const std::string& uuid) override {
    absl::StatusOr<Statement> statement = database_->Prepare("DELETE FROM targets WHERE uuid = ?1");
    if (!statement.ok()) return statement.status();
    return statement->Bind(1, uuid).Run();
  }

  absl::Status ForgetOperations(absl::Time before) override {
    absl::StatusOr<Statement> statement =
        database_->Prepare("DELETE FROM operations WHERE state NOT IN (?1, ?2) AND ended_ns < ?3");
    if (!statement.ok()) return statement.status();
    return statement->Bind(1, static_cast<std::int64_t>(OperationRecord::State::kPending))
        .Bind(2, static_cast<std::int64_t>(OperationRecord::State::kRunning))
        .Bind(3, ToSql(before))
        .Run();
  }

 private:
  // Generations are compared here and not in SQL, where they would be signed.
  absl::Status PutTargets(const TargetRecord& targets) {
    absl::StatusOr<Statement> known = database_->Prepare("SELECT generation FROM targets WHERE uuid = ?1");
    if (!known.ok()) return known.status();
    const absl::StatusOr<bool> found = known->Bind(1, targets.uuid).Step();
    if (!found.ok()) return found.status();
    if (*found && static_cast<std::uint64_t>(known->Integer(0)) > targets.generation) {
      return absl::FailedPreconditionError(fmt::format(
          "targets of VM {}: generation {} is older than {} in the ledger {}; load the ledger again", targets.uuid,
          targets.generation, static_cast<std::uint64_t>(known->Integer(0)), database_->path()));
    }
    known->Reset();
    absl::StatusOr<Statement> put = database_->Prepare("INSERT OR REPLACE INTO targets VALUES (?1, ?2, ?3, ?4, ?5)");
    if (!put.ok()) return put.status();
    return put->Bind(1, targets.uuid)
        .Bind(2, ToSql(targets.targets.fmem()))
        .Bind(3, ToSql(targets.targets.smem()))
        .Bind(4, ToSql(targets.generation))
        .Bind(5, ToSql(targets.changed))
        .Run();
  }

  // Writes the whole record whether or not it is known: an operation that a restored older ledger lacks heals with its
  // next state.
  absl::Status PutOperation(const OperationRecord& operation) {
    absl::StatusOr<Statement> put = database_->Prepare(
        "INSERT OR REPLACE INTO operations VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)");
    if (!put.ok()) return put.status();
    put->Bind(1, operation.id).Bind(2, operation.uuid).Bind(3, static_cast<std::int64_t>(operation.state));
    BindOptional(*put, 4, operation.targets.fmem());
    BindOptional(*put, 5, operation.targets.smem());
    return put->Bind(6, ToSql(operation.start.fmem()))
        .Bind(7, ToSql(operation.start.smem()))
        .Bind(8, ToSql(operation.generation))
        .Bind(9, ToSql(operation.created))
        .Bind(10, ToSql(operation.updated))
        .Bind(11, ToSql(operation.deadline))
        .Bind(12, ToSql(operation.ended))
        .Bind(13, static_cast<std::int64_t>(operation.error.raw_code()))
        .Bind(14, ToString(operation.error.message()))
        .Run();
  }

  std::unique_ptr<Database> database_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const std::string& path, const LedgerOptions& options) {
  if (path != ":memory:") {
    if (absl::Status status = CheckLedgerHeader(path); !status.ok()) return status;
  }
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path, options.busy_timeout);
  if (!database.ok()) return database.status();
  // Until the content is known to be ours and whole, nothing may be written: not even the journal's write-back at
  // close.
  (*database)->CheckpointOnClose(false);
  if (absl::Status status = CheckLedgerContent(**database); !status.ok()) return status;
  (*database)->CheckpointOnClose(true);
  if (absl::Status status = (*database)->CheckWritable(); !status.ok()) return status;
  // FULL: the journal is synced at each commit, so what was acknowledged survives a power cut as well.
  if (absl::Status status = (*database)->Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
      !status.ok()) {
    return status;
  }
  if (options.max_pages > 0) {
    const std::string bound = fmt::format("PRAGMA max_page_count = {}", options.max_pages);
    if (absl::Status status = (*database)->Execute(bound); !status.ok()) return status;
  }
  if (absl::Status status = MigrateLedger(**database); !status.ok()) return status;
  return std::make_unique<SqliteLedger>(std::move(*database));
}

}  // namespace hypertier
