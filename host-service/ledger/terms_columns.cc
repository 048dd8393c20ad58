// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/terms_columns.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "common/tier.h"
#include "host-service/ledger/sql_values.h"

namespace hypertier {
namespace {

using policy::Amount;
using policy::TierTerms;
using sqlite::Statement;

// Where the columns of a tier begin, and what is where from there.
int FirstOf(TierId tier, int first) {
  return tier == TierId::kFmem ? first : first + kTermsColumnCount / 2;
}
constexpr int kReservation = 0;
constexpr int kLimit = 2;
constexpr int kShares = 4;

absl::Status CheckAmount(TierId tier, std::string_view name, const std::optional<Amount>& amount) {
  if (!amount || !amount->percent()) return absl::OkStatus();
  if (*amount->percent() >= 0 && *amount->percent() <= 100) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{}.{}: {} % is not between 0 and 100", TierName(tier), name, *amount->percent()));
}

void BindAmount(Statement& statement, int index, const std::optional<Amount>& amount) {
  statement.BindNull(index).BindNull(index + 1);
  if (!amount) return;
  if (amount->percent()) {
    statement.Bind(index + 1, *amount->percent());
  } else {
    statement.Bind(index, ToSql(amount->bytes()));
  }
}

std::optional<Amount> ReadAmount(const Statement& row, int column) {
  if (!row.IsNull(column + 1)) return Amount::Percent(row.Real(column + 1));
  if (!row.IsNull(column)) return Amount::Of(BytesFromSql(row.Integer(column)));
  return std::nullopt;
}

bool SaidTwice(const Statement& row, int column) {
  return !row.IsNull(column) && !row.IsNull(column + 1);
}

}  // namespace

absl::Status CheckTerms(const policy::Terms& terms) {
  for (const TierId tier : kTiers) {
    const TierTerms& said = terms[tier];
    if (absl::Status status = CheckAmount(tier, "reservation", said.reservation); !status.ok()) return status;
    if (absl::Status status = CheckAmount(tier, "limit", said.limit); !status.ok()) return status;
    if (said.shares && !(*said.shares > 0 && std::isfinite(*said.shares))) {
      return absl::InvalidArgumentError(
          fmt::format("{}.shares: {} is not a finite number above 0", TierName(tier), *said.shares));
    }
  }
  return absl::OkStatus();
}

void BindTerms(Statement& statement, int first, const policy::Terms& terms) {
  for (const TierId tier : kTiers) {
    const int index = FirstOf(tier, first);
    BindAmount(statement, index + kReservation, terms[tier].reservation);
    BindAmount(statement, index + kLimit, terms[tier].limit);
    if (terms[tier].shares) {
      statement.Bind(index + kShares, *terms[tier].shares);
    } else {
      statement.BindNull(index + kShares);
    }
  }
}

absl::StatusOr<policy::Terms> ReadTerms(const Statement& row, int first) {
  policy::Terms terms;
  for (const TierId tier : kTiers) {
    const int column = FirstOf(tier, first);
    if (SaidTwice(row, column + kReservation) || SaidTwice(row, column + kLimit)) {
      return absl::InvalidArgumentError(fmt::format("{}: an amount both in bytes and as a percentage", TierName(tier)));
    }
    terms[tier].reservation = ReadAmount(row, column + kReservation);
    terms[tier].limit = ReadAmount(row, column + kLimit);
    if (!row.IsNull(column + kShares)) terms[tier].shares = row.Real(column + kShares);
  }
  if (absl::Status status = CheckTerms(terms); !status.ok()) return status;
  return terms;
}

}  // namespace hypertier
