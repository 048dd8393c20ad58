// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// "HTLG" in the file's application_id: tells our ledger from any other SQLite file.
inline constexpr std::int64_t kLedgerApplicationId = 0x48544c47;

// DataLoss, with `what` is wrong and what to do.
absl::Status LedgerDamage(const std::string& path, std::string_view what);

// What PRAGMA user_version says once every migration of this program has run.
std::int64_t LedgerSchemaVersion();

// Looks at the file's first bytes, without SQLite and without changing anything: a file that is no ledger, or from a
// newer program, is refused before SQLite may touch it or its journal. A file that is missing or empty is fine: it is
// to be created.
absl::Status CheckLedgerHeader(const std::string& path);

// The same checks on the open database, whose journal may be ahead of the file, and the database's own integrity check.
// Only reads.
absl::Status CheckLedgerContent(sqlite::Database& database);

// Brings an empty or older database to LedgerSchemaVersion(), each step in a transaction of its own.
absl::Status MigrateLedger(sqlite::Database& database);

}  // namespace hypertier
