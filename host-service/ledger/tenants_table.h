// SPDX-License-Identifier: Apache-2.0
//
// Table `tenants`. What writes is called in a transaction of the caller's.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/ledger/ledger.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// By id.
absl::StatusOr<std::vector<TenantRecord>> ReadTenants(sqlite::Database& database);
// InvalidArgument: terms that cannot be. FailedPrecondition: no newer version.
absl::Status WriteTenant(sqlite::Database& database, const TenantRecord& tenant);
// NotFound: there is none.
absl::Status EraseTenant(sqlite::Database& database, const std::string& id);

}  // namespace hypertier
