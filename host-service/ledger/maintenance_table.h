// SPDX-License-Identifier: Apache-2.0
//
// Table `maintenance`, of at most one row. What writes is called in a transaction of the caller's.
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/ledger/ledger.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

absl::StatusOr<std::optional<MaintenanceRecord>> ReadMaintenance(sqlite::Database& database);
// In place of the one that is there.
absl::Status WriteMaintenance(sqlite::Database& database, const MaintenanceRecord& maintenance);
// OK: there is none, and perhaps there was none.
absl::Status EraseMaintenance(sqlite::Database& database);

}  // namespace hypertier
