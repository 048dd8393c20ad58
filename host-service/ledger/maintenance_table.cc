// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/maintenance_table.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "host-service/ledger/rows.h"
#include "host-service/ledger/schema.h"
#include "host-service/ledger/sql_values.h"

namespace hypertier {
namespace {

using sqlite::Statement;

// The number of the row.
constexpr std::int64_t kOne = 1;

}  // namespace

absl::StatusOr<std::optional<MaintenanceRecord>> ReadMaintenance(sqlite::Database& database) {
  const auto read = [&database](const Statement& row) -> absl::StatusOr<MaintenanceRecord> {
    if (row.Integer(0) != kOne) {
      return LedgerDamage(database.path(),
                          fmt::format("maintenance: row {}, where there is only row {}", row.Integer(0), kOne));
    }
    return MaintenanceRecord{.reason = row.Text(1), .actor = row.Text(2), .began = TimeFromSql(row.Integer(3))};
  };
  absl::StatusOr<std::vector<MaintenanceRecord>> found =
      ReadRows<MaintenanceRecord>(database.Prepare("SELECT one, reason, actor, began_ns FROM maintenance"), read);
  if (!found.ok()) return found.status();
  if (found->empty()) return std::nullopt;
  return std::move(found->front());
}

absl::Status WriteMaintenance(sqlite::Database& database, const MaintenanceRecord& maintenance) {
  absl::StatusOr<Statement> put =
      database.Prepare("INSERT OR REPLACE INTO maintenance (one, reason, actor, began_ns) VALUES (?1, ?2, ?3, ?4)");
  if (!put.ok()) return put.status();
  return put->Bind(1, kOne)
      .Bind(2, maintenance.reason)
      .Bind(3, maintenance.actor)
      .Bind(4, ToSql(maintenance.began))
      .Run();
}

absl::Status EraseMaintenance(sqlite::Database& database) {
  absl::StatusOr<Statement> statement = database.Prepare("DELETE FROM maintenance");
  if (!statement.ok()) return statement.status();
  return statement->Run();
}

}  // namespace hypertier
