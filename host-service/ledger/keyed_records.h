// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// FailedPrecondition unless `version` is larger than the one that the query finds for `key`, or it finds none. `what`
// begins the error: "tenant a".
absl::Status CheckNewer(sqlite::Database& database, std::string_view query, const std::string& key,
                        std::uint64_t version, std::string_view what);

// Runs a deletion by key that returns what it deletes; NotFound if that is nothing.
absl::Status EraseRecord(sqlite::Database& database, std::string_view deletion, const std::string& key,
                         std::string_view what);

}  // namespace hypertier
