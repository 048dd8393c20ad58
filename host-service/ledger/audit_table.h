// SPDX-License-Identifier: Apache-2.0
//
// Table `audit`. What writes is called in a transaction of the caller's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/ledger/ledger.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// Newest first: at most `at_most` about `subject` ("": about all) from before sequence `before`; 0: from the newest.
absl::StatusOr<std::vector<AuditRecord>> ReadAudit(sqlite::Database& database, std::uint64_t before,
                                                   std::size_t at_most, const std::string& subject);
// Under the next sequence number, whatever the record says.
absl::Status AppendAudit(sqlite::Database& database, const AuditRecord& record);
// All but the newest `keep`.
absl::Status EraseAudit(sqlite::Database& database, std::size_t keep);

}  // namespace hypertier
