// SPDX-License-Identifier: Apache-2.0
//
// Table `operations`. What writes is called in a transaction of the caller's.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host-service/ledger/ledger.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// Newest first.
absl::StatusOr<std::vector<OperationRecord>> ReadOperations(sqlite::Database& database);
// Writes the whole record whether or not it is known: an operation that a restored older ledger lacks heals with its
// next state.
absl::Status WriteOperation(sqlite::Database& database, const OperationRecord& operation);
// Those that ended before `before`.
absl::Status EraseOperations(sqlite::Database& database, absl::Time before);

}  // namespace hypertier
