// SPDX-License-Identifier: Apache-2.0
//
// Table `grants`. What writes is called in a transaction of the caller's.
#pragma once

#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/ledger/ledger.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// By UUID.
absl::StatusOr<std::vector<GrantRecord>> ReadGrants(sqlite::Database& database);
// In place of all that are there.
absl::Status WriteGrants(sqlite::Database& database, std::span<const GrantRecord> grants);

}  // namespace hypertier
