// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/grants_table.h"

#include "host-service/ledger/rows.h"
#include "host-service/ledger/sql_values.h"

namespace hypertier {

using sqlite::Statement;

absl::StatusOr<std::vector<GrantRecord>> ReadGrants(sqlite::Database& database) {
  return ReadRows<GrantRecord>(
      database.Prepare("SELECT uuid, tenant, fmem_bytes, smem_bytes FROM grants ORDER BY uuid"),
      [](const Statement& row) {
        return GrantRecord{.uuid = row.Text(0),
                           .tenant = row.Text(1),
                           .reservation = {BytesFromSql(row.Integer(2)), BytesFromSql(row.Integer(3))}};
      });
}

absl::Status WriteGrants(sqlite::Database& database, std::span<const GrantRecord> grants) {
  if (absl::Status status = database.Execute("DELETE FROM grants"); !status.ok()) return status;
  absl::StatusOr<Statement> put = database.Prepare("INSERT INTO grants VALUES (?1, ?2, ?3, ?4)");
  if (!put.ok()) return put.status();
  for (const GrantRecord& grant : grants) {
    put->Reset();
    const absl::Status status = put->Bind(1, grant.uuid)
                                    .Bind(2, grant.tenant)
                                    .Bind(3, ToSql(grant.reservation.fmem()))
                                    .Bind(4, ToSql(grant.reservation.smem()))
                                    .Run();
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace hypertier
