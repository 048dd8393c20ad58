// SPDX-License-Identifier: Apache-2.0
//
// The ten columns in which tables `tenants` and `vm_policies` keep terms.
#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/ledger/sqlite.h"
#include "host-service/policy/terms.h"

namespace hypertier {

inline constexpr int kTermsColumnCount = 10;
inline constexpr std::string_view kTermsColumns =
    "fmem_reservation_bytes, fmem_reservation_percent, fmem_limit_bytes, fmem_limit_percent, fmem_shares,"
    " smem_reservation_bytes, smem_reservation_percent, smem_limit_bytes, smem_limit_percent, smem_shares";

// InvalidArgument: terms that cannot be, and why: percentages outside 0 to 100, shares that are not above 0. NaN among
// them, which SQLite would keep as "not set".
absl::Status CheckTerms(const policy::Terms& terms);

// Takes kTermsColumnCount parameters from `first` on. The terms must have passed CheckTerms.
void BindTerms(sqlite::Statement& statement, int first, const policy::Terms& terms);

// From kTermsColumnCount columns from `first` on. InvalidArgument: what is there cannot be.
absl::StatusOr<policy::Terms> ReadTerms(const sqlite::Statement& row, int first);

}  // namespace hypertier
