// SPDX-License-Identifier: Apache-2.0
//
// Table `vm_policies`. What writes is called in a transaction of the caller's.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/ledger/ledger.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// By UUID.
absl::StatusOr<std::vector<VmPolicyRecord>> ReadVmPolicies(sqlite::Database& database);
// InvalidArgument: terms that cannot be. FailedPrecondition: no newer version.
absl::Status WriteVmPolicy(sqlite::Database& database, const VmPolicyRecord& record);
// NotFound: there is none.
absl::Status EraseVmPolicy(sqlite::Database& database, const std::string& uuid);

}  // namespace hypertier
