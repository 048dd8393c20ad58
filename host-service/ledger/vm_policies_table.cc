// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/vm_policies_table.h"

#include <fmt/format.h>

#include "common/text.h"
#include "host-service/ledger/keyed_records.h"
#include "host-service/ledger/rows.h"
#include "host-service/ledger/schema.h"
#include "host-service/ledger/sql_values.h"
#include "host-service/ledger/terms_columns.h"

namespace hypertier {
namespace {

using policy::Mode;
using sqlite::Statement;

// The numbers are the table's, and stay whatever becomes of the enumeration.
constexpr std::int64_t kAuto = 0;
constexpr std::int64_t kStatic = 1;

absl::StatusOr<policy::VmTerms> ReadVmTerms(const Statement& row, int mode, int qos_class, int terms) {
  policy::VmTerms policy;
  if (!row.IsNull(mode)) {
    if (row.Integer(mode) != kAuto && row.Integer(mode) != kStatic) {
      return absl::InvalidArgumentError(fmt::format("mode: there is none of number {}", row.Integer(mode)));
    }
    policy.mode = row.Integer(mode) == kAuto ? Mode::kAuto : Mode::kStatic;
  }
  policy.qos_class = row.Text(qos_class);
  absl::StatusOr<policy::Terms> read = ReadTerms(row, terms);
  if (!read.ok()) return read.status();
  policy.terms = *std::move(read);
  return policy;
}

}  // namespace

absl::StatusOr<std::vector<VmPolicyRecord>> ReadVmPolicies(sqlite::Database& database) {
  const auto read = [&database](const Statement& row) -> absl::StatusOr<VmPolicyRecord> {
    VmPolicyRecord record{.uuid = row.Text(0),
                          .policy = {},
                          .version = static_cast<std::uint64_t>(row.Integer(1)),
                          .changed = TimeFromSql(row.Integer(2))};
    absl::StatusOr<policy::VmTerms> policy = ReadVmTerms(row, 3, 4, 5);
    if (!policy.ok()) {
      return LedgerDamage(database.path(),
                          fmt::format("policy of VM {}: {}", record.uuid, ToString(policy.status().message())));
    }
    record.policy = *std::move(policy);
    return record;
  };
  return ReadRows<VmPolicyRecord>(
      database.Prepare(fmt::format("SELECT uuid, version, changed_ns, mode, qos_class, {} FROM vm_policies"
                                   " ORDER BY uuid",
                                   kTermsColumns)),
      read);
}

absl::Status WriteVmPolicy(sqlite::Database& database, const VmPolicyRecord& record) {
  const std::string what = fmt::format("policy of VM {}", record.uuid);
  if (absl::Status status = CheckTerms(record.policy.terms); !status.ok()) {
    return absl::InvalidArgumentError(fmt::format("{}: {}", what, ToString(status.message())));
  }
  if (absl::Status status =
          CheckNewer(database, "SELECT version FROM vm_policies WHERE uuid = ?1", record.uuid, record.version, what);
      !status.ok()) {
    return status;
  }
  absl::StatusOr<Statement> put =
      database.Prepare(fmt::format("INSERT OR REPLACE INTO vm_policies (uuid, version, changed_ns, mode, qos_class, {})"
                                   " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
                                   kTermsColumns));
  if (!put.ok()) return put.status();
  put->Bind(1, record.uuid).Bind(2, ToSql(record.version)).Bind(3, ToSql(record.changed)).BindNull(4);
  if (record.policy.mode) put->Bind(4, *record.policy.mode == Mode::kAuto ? kAuto : kStatic);
  put->Bind(5, record.policy.qos_class);
  BindTerms(*put, 6, record.policy.terms);
  return put->Run();
}

absl::Status EraseVmPolicy(sqlite::Database& database, const std::string& uuid) {
  return EraseRecord(database, "DELETE FROM vm_policies WHERE uuid = ?1 RETURNING uuid", uuid,
                     fmt::format("policy of VM {}", uuid));
}

}  // namespace hypertier
