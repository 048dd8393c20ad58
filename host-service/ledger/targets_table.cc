// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/targets_table.h"

#include <fmt/format.h>

#include "host-service/ledger/rows.h"
#include "host-service/ledger/sql_values.h"

namespace hypertier {

using sqlite::Statement;

absl::StatusOr<std::vector<TargetRecord>> ReadTargets(sqlite::Database& database) {
  return ReadRows<TargetRecord>(
      database.Prepare("SELECT uuid, fmem_bytes, smem_bytes, generation, changed_ns FROM targets"),
      [](const Statement& row) {
        return TargetRecord{.uuid = row.Text(0),
                            .targets = {BytesFromSql(row.Integer(1)), BytesFromSql(row.Integer(2))},
                            .generation = static_cast<std::uint64_t>(row.Integer(3)),
                            .changed = TimeFromSql(row.Integer(4))};
      });
}

// Generations are compared here and not in SQL, where they would be signed.
absl::Status WriteTargets(sqlite::Database& database, const TargetRecord& targets) {
  absl::StatusOr<Statement> known = database.Prepare("SELECT generation FROM targets WHERE uuid = ?1");
  if (!known.ok()) return known.status();
  const absl::StatusOr<bool> found = known->Bind(1, targets.uuid).Step();
  if (!found.ok()) return found.status();
  if (*found && static_cast<std::uint64_t>(known->Integer(0)) > targets.generation) {
    return absl::FailedPreconditionError(
        fmt::format("targets of VM {}: generation {} is older than {} in the ledger {}; load the ledger again",
                    targets.uuid, targets.generation, static_cast<std::uint64_t>(known->Integer(0)), database.path()));
  }
  known->Reset();
  absl::StatusOr<Statement> put = database.Prepare("INSERT OR REPLACE INTO targets VALUES (?1, ?2, ?3, ?4, ?5)");
  if (!put.ok()) return put.status();
  return put->Bind(1, targets.uuid)
      .Bind(2, ToSql(targets.targets.fmem()))
      .Bind(3, ToSql(targets.targets.smem()))
      .Bind(4, ToSql(targets.generation))
      .Bind(5, ToSql(targets.changed))
      .Run();
}

absl::Status EraseTargets(sqlite::Database& database, const std::string& uuid) {
  absl::StatusOr<Statement> statement = database.Prepare("DELETE FROM targets WHERE uuid = ?1");
  if (!statement.ok()) return statement.status();
  return statement->Bind(1, uuid).Run();
}

}  // namespace hypertier
