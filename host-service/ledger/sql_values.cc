// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/sql_values.h"

#include <limits>

namespace hypertier {
namespace {

constexpr std::int64_t kPast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kFuture = std::numeric_limits<std::int64_t>::max();

}  // namespace

std::int64_t ToSql(absl::Time time) {
  if (time == absl::InfinitePast()) return kPast;
  if (time == absl::InfiniteFuture()) return kFuture;
  return absl::ToUnixNanos(time);
}

absl::Time TimeFromSql(std::int64_t nanoseconds) {
  if (nanoseconds == kPast) return absl::InfinitePast();
  if (nanoseconds == kFuture) return absl::InfiniteFuture();
  return absl::FromUnixNanos(nanoseconds);
}

void BindOptional(sqlite::Statement& statement, int index, const std::optional<Bytes>& bytes) {
  if (bytes) {
    statement.Bind(index, ToSql(*bytes));
  } else {
    statement.BindNull(index);
  }
}

std::optional<Bytes> OptionalBytes(const sqlite::Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return BytesFromSql(row.Integer(column));
}

}  // namespace hypertier
