// SPDX-License-Identifier: Apache-2.0
//
// Table `targets`. What writes is called in a transaction of the caller's.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/ledger/ledger.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

absl::StatusOr<std::vector<TargetRecord>> ReadTargets(sqlite::Database& database);
// FailedPrecondition: the generation would go back.
absl::Status WriteTargets(sqlite::Database& database, const TargetRecord& targets);
absl::Status EraseTargets(sqlite::Database& database, const std::string& uuid);

}  // namespace hypertier
