// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

// All rows of a query, each made a Record by `read(row)`, which may answer a StatusOr<Record>: one bad row fails all.
template <typename Record, typename Read>
absl::StatusOr<std::vector<Record>> ReadRows(absl::StatusOr<sqlite::Statement> query, const Read& read) {
  if (!query.ok()) return query.status();
  std::vector<Record> records;
  while (true) {
    const absl::StatusOr<bool> found = query->Step();
    if (!found.ok()) return found.status();
    if (!*found) return records;
    absl::StatusOr<Record> record = read(std::as_const(*query));
    if (!record.ok()) return record.status();
    records.push_back(*std::move(record));
  }
}

}  // namespace hypertier
