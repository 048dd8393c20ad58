// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/operations_table.h"

#include "common/text.h"
#include "host-service/ledger/rows.h"
#include "host-service/ledger/sql_values.h"

namespace hypertier {
namespace {

using sqlite::Statement;

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

}  // namespace

absl::StatusOr<std::vector<OperationRecord>> ReadOperations(sqlite::Database& database) {
  return ReadRows<OperationRecord>(
      database.Prepare("SELECT id, uuid, state, target_fmem_bytes, target_smem_bytes, start_fmem_bytes,"
                       " start_smem_bytes, generation, created_ns, updated_ns, deadline_ns, ended_ns, error_code,"
                       " error_message FROM operations ORDER BY created_ns DESC, id DESC"),
      ReadOperation);
}

absl::Status WriteOperation(sqlite::Database& database, const OperationRecord& operation) {
  absl::StatusOr<Statement> put = database.Prepare(
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

absl::Status EraseOperations(sqlite::Database& database, absl::Time before) {
  absl::StatusOr<Statement> statement =
      database.Prepare("DELETE FROM operations WHERE state NOT IN (?1, ?2) AND ended_ns < ?3");
  if (!statement.ok()) return statement.status();
  return statement->Bind(1, static_cast<std::int64_t>(OperationRecord::State::kPending))
      .Bind(2, static_cast<std::int64_t>(OperationRecord::State::kRunning))
      .Bind(3, ToSql(before))
      .Run();
}

}  // namespace hypertier
