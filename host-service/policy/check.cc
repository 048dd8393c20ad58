// SPDX-License-Identifier: Apache-2.0
#include "host-service/policy/check.h"

#include <fmt/format.h>

#include "common/text.h"
#include "host-service/policy/parse.h"

namespace hypertier::policy {
namespace {

absl::Status Wrong(TierId tier, std::string_view field, std::string_view what) {
  return absl::InvalidArgumentError(fmt::format("{}.{}: {}", TierName(tier), field, what));
}

absl::Status CheckPercent(TierId tier, std::string_view field, const std::optional<Amount>& amount) {
  if (!amount || !amount->percent()) return absl::OkStatus();
  // Not a number compares false.
  if (*amount->percent() >= 0 && *amount->percent() <= 100) return absl::OkStatus();
  return Wrong(tier, field, fmt::format("{} is no percentage; write 0 to 100", *amount->percent()));
}

bool Above(const Amount& a, const Amount& b, const std::optional<Bytes>& whole) {
  if (a.percent() && b.percent()) return *a.percent() > *b.percent();
  if (!a.percent() && !b.percent()) return a.bytes() > b.bytes();
  return whole && a.In(*whole) > b.In(*whole);
}

}  // namespace

absl::Status CheckTerms(const Terms& terms, const std::optional<PerTier<Bytes>>& whole) {
  for (const TierId tier : kTiers) {
    const TierTerms& said = terms[tier];
    if (absl::Status status = CheckPercent(tier, "reservation", said.reservation); !status.ok()) return status;
    if (absl::Status status = CheckPercent(tier, "limit", said.limit); !status.ok()) return status;
    if (said.shares) {
      if (const absl::Status status = CheckShares(*said.shares); !status.ok()) {
        return Wrong(tier, "shares", ToString(status.message()));
      }
    }
    if (!said.reservation || !said.limit) continue;
    const std::optional<Bytes> of = whole ? std::optional((*whole)[tier]) : std::nullopt;
    if (Above(*said.reservation, *said.limit, of)) {
      return Wrong(tier, "reservation",
                   fmt::format("{} is above the limit, {}; lower it or raise the limit",
                               FormatAmount(*said.reservation), FormatAmount(*said.limit)));
    }
  }
  return absl::OkStatus();
}

}  // namespace hypertier::policy
