// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/keyed_records.h"

#include <fmt/format.h>

namespace hypertier {

// Compared here and not in SQL, where versions would be signed.
absl::Status CheckNewer(sqlite::Database& database, std::string_view query, const std::string& key,
                        std::uint64_t version, std::string_view what) {
  absl::StatusOr<sqlite::Statement> known = database.Prepare(query);
  if (!known.ok()) return known.status();
  const absl::StatusOr<bool> found = known->Bind(1, key).Step();
  if (!found.ok()) return found.status();
  if (!*found) return absl::OkStatus();
  const auto kept = static_cast<std::uint64_t>(known->Integer(0));
  if (version > kept) return absl::OkStatus();
  return absl::FailedPreconditionError(
      fmt::format("{}: version {} is not newer than {} in the ledger {}; load the "
                  "ledger again",
                  what, version, kept, database.path()));
}

absl::Status EraseRecord(sqlite::Database& database, std::string_view deletion, const std::string& key,
                         std::string_view what) {
  absl::StatusOr<sqlite::Statement> statement = database.Prepare(deletion);
  if (!statement.ok()) return statement.status();
  const absl::StatusOr<bool> found = statement->Bind(1, key).Step();
  if (!found.ok()) return found.status();
  if (*found) return absl::OkStatus();
  return absl::NotFoundError(fmt::format("{}: not in the ledger {}; load the ledger again", what, database.path()));
}

}  // namespace hypertier
