// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "host-service/policy/terms.h"

namespace hypertier::policy {

// Far more than anyone needs, and far from where sums of weights lose their meaning.
inline constexpr double kLeastShares = 0.001;
inline constexpr double kMostShares = 1e6;

// A size such as "2GiB", or a percentage such as "12.5%". InvalidArgument: what is wrong with the text; remedy.
absl::StatusOr<Amount> ParseAmount(std::string_view text);

// kLeastShares to kMostShares. InvalidArgument: as above.
absl::Status CheckShares(double shares);
absl::StatusOr<double> ParseShares(std::string_view text);

// "auto" or "static".
absl::StatusOr<Mode> ParseMode(std::string_view text);
std::string_view ModeName(Mode mode);

// For people: "1 share", "2.5 shares".
std::string FormatShares(double shares);

// For people: "2 GiB", "12.5 %".
std::string FormatAmount(const Amount& amount);

}  // namespace hypertier::policy
