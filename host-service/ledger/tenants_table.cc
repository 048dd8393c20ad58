// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/tenants_table.h"

#include <fmt/format.h>

#include "common/text.h"
#include "host-service/ledger/keyed_records.h"
#include "host-service/ledger/rows.h"
#include "host-service/ledger/schema.h"
#include "host-service/ledger/sql_values.h"
#include "host-service/ledger/terms_columns.h"

namespace hypertier {

using sqlite::Statement;

absl::StatusOr<std::vector<TenantRecord>> ReadTenants(sqlite::Database& database) {
  const auto read = [&database](const Statement& row) -> absl::StatusOr<TenantRecord> {
    TenantRecord tenant{.id = row.Text(0),
                        .display_name = row.Text(1),
                        .terms = {},
                        .version = static_cast<std::uint64_t>(row.Integer(2)),
                        .created = TimeFromSql(row.Integer(3)),
                        .changed = TimeFromSql(row.Integer(4))};
    absl::StatusOr<policy::Terms> terms = ReadTerms(row, 5);
    if (!terms.ok()) {
      return LedgerDamage(database.path(), fmt::format("tenant {}: {}", tenant.id, ToString(terms.status().message())));
    }
    tenant.terms = *std::move(terms);
    return tenant;
  };
  return ReadRows<TenantRecord>(
      database.Prepare(fmt::format("SELECT id, display_name, version, created_ns, changed_ns, {} FROM tenants"
                                   " ORDER BY id",
                                   kTermsColumns)),
      read);
}

absl::Status WriteTenant(sqlite::Database& database, const TenantRecord& tenant) {
  const std::string what = fmt::format("tenant {}", tenant.id);
  if (absl::Status status = CheckTerms(tenant.terms); !status.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", what, ToString(status.message())));
  }
  if (absl::Status status =
          CheckNewer(database, "SELECT version FROM tenants WHERE id = ?1", tenant.id, tenant.version, what);
      !status.ok()) {
    return status;
  }
  absl::StatusOr<Statement> put = database.Prepare(
      fmt::format("INSERT OR REPLACE INTO tenants (id, display_name, version, created_ns, changed_ns, {})"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                  kTermsColumns));
  if (!put.ok()) return put.status();
  put->Bind(1, tenant.id)
      .Bind(2, tenant.display_name)
      .Bind(3, ToSql(tenant.version))
      .Bind(4, ToSql(tenant.created))
      .Bind(5, ToSql(tenant.changed));
  BindTerms(*put, 6, tenant.terms);
  return put->Run();
}

absl::Status EraseTenant(sqlite::Database& database, const std::string& id) {
  return EraseRecord(database, "DELETE FROM tenants WHERE id = ?1 RETURNING id", id, fmt::format("tenant {}", id));
}

}  // namespace hypertier
