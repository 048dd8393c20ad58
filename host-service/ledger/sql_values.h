// SPDX-License-Identifier: Apache-2.0
//
// How the ledger's values are kept in SQLite's types, as the head of the migrations in schema.cc says.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/time/time.h"
#include "common/bytes.h"
#include "host-service/ledger/sqlite.h"

namespace hypertier {

std::int64_t ToSql(absl::Time time);
absl::Time TimeFromSql(std::int64_t nanoseconds);

inline std::int64_t ToSql(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}
inline std::int64_t ToSql(Bytes bytes) {
  return ToSql(bytes.count());
}
inline Bytes BytesFromSql(std::int64_t value) {
  return Bytes(static_cast<std::uint64_t>(value));
}

void BindOptional(sqlite::Statement& statement, int index, const std::optional<Bytes>& bytes);
std::optional<Bytes> OptionalBytes(const sqlite::Statement& row, int column);

}  // namespace hypertier
