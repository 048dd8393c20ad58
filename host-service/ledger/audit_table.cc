// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/audit_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "host-service/ledger/rows.h"
#include "host-service/ledger/sql_values.h"

namespace hypertier {
namespace {

using sqlite::Statement;

// More than there will ever be records.
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

std::int64_t AtMost(std::uint64_t value) {
  return static_cast<std::int64_t>(std::min(value, static_cast<std::uint64_t>(kMost)));
}

}  // namespace

// Without an index by subject: it would cost each change one more page to write, and to pass over 10,000 records, as
// many as are kept, takes 2 ms (measured in memory, with 400 bytes of detail each). Whoever reads page by page passes
// over each record once.
absl::StatusOr<std::vector<AuditRecord>> ReadAudit(sqlite::Database& database, std::uint64_t before,
                                                   std::size_t at_most, const std::string& subject) {
  absl::StatusOr<Statement> query = database.Prepare(
      "SELECT sequence, time_ns, actor, action, subject, detail FROM audit WHERE sequence < ?1"
      " AND (?3 = '' OR subject = ?3) ORDER BY sequence DESC LIMIT ?2");
  if (!query.ok()) return query.status();
  query->Bind(1, before == 0 ? kMost : AtMost(before)).Bind(2, AtMost(at_most)).Bind(3, subject);
  return ReadRows<AuditRecord>(std::move(query), [](const Statement& row) {
    return AuditRecord{.sequence = static_cast<std::uint64_t>(row.Integer(0)),
                       .time = TimeFromSql(row.Integer(1)),
                       .actor = row.Text(2),
                       .action = row.Text(3),
                       .subject = row.Text(4),
                       .detail = row.Text(5)};
  });
}

absl::Status AppendAudit(sqlite::Database& database, const AuditRecord& record) {
  absl::StatusOr<Statement> put =
      database.Prepare("INSERT INTO audit (time_ns, actor, action, subject, detail) VALUES (?1, ?2, ?3, ?4, ?5)");
  if (!put.ok()) return put.status();
  return put->Bind(1, ToSql(record.time))
      .Bind(2, record.actor)
      .Bind(3, record.action)
      .Bind(4, record.subject)
      .Bind(5, record.detail)
      .Run();
}

absl::Status EraseAudit(sqlite::Database& database, std::size_t keep) {
  // Where there are no more than `keep`, the subquery finds none and nothing compares with it.
  absl::StatusOr<Statement> statement = database.Prepare(
      "DELETE FROM audit WHERE sequence <= (SELECT sequence FROM audit ORDER BY sequence DESC LIMIT 1 OFFSET ?1)");
  if (!statement.ok()) return statement.status();
  return statement->Bind(1, AtMost(keep)).Run();
}

}  // namespace hypertier
