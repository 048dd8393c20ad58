// SPDX-License-Identifier: Apache-2.0
#include "host-service/policy/parse.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "common/text.h"

namespace hypertier::policy {
namespace {

std::optional<double> ParseNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

absl::StatusOr<Amount> ParseAmount(std::string_view text) {
  text = Trim(text);
  if (!text.ends_with('%')) {
    const absl::StatusOr<Bytes> bytes = ParseBytes(text);
    if (!bytes.ok()) return bytes.status();
    return Amount::Of(*bytes);
  }
  const std::optional<double> percent = ParseNumber(Trim(text.substr(0, text.size() - 1)));
  // Not a number compares false.
  if (!percent || !(*percent >= 0 && *percent <= 100)) {
    return absl::InvalidArgumentError(fmt::format("\"{}\" is no percentage; write 0% to 100%", text));
  }
  return Amount::Percent(*percent);
}

absl::Status CheckShares(double shares) {
  // Not a number compares false.
  if (shares >= kLeastShares && shares <= kMostShares) return absl::OkStatus();
  return absl::InvalidArgumentError(
      fmt::format("{} is no weight; write a number from {} to {:.0f}", shares, kLeastShares, kMostShares));
}

absl::StatusOr<double> ParseShares(std::string_view text) {
  const std::optional<double> shares = ParseNumber(Trim(text));
  if (!shares) {
    return absl::InvalidArgumentError(
        fmt::format("\"{}\" is no weight; write a number from {} to {:.0f}", text, kLeastShares, kMostShares));
  }
  if (absl::Status status = CheckShares(*shares); !status.ok()) return status;
  return *shares;
}

absl::StatusOr<Mode> ParseMode(std::string_view text) {
  if (text == ModeName(Mode::kAuto)) return Mode::kAuto;
  if (text == ModeName(Mode::kStatic)) return Mode::kStatic;
  return absl::InvalidArgumentError(fmt::format("\"{}\" is no mode; write auto or static", text));
}

std::string_view ModeName(Mode mode) {
  return mode == Mode::kAuto ? "auto" : "static";
}

std::string FormatShares(double shares) {
  return fmt::format("{:g} {}", shares, shares == 1 ? "share" : "shares");
}

std::string FormatAmount(const Amount& amount) {
  if (!amount.percent()) return FormatBytes(amount.bytes());
  return fmt::format("{:g} %", *amount.percent());
}

}  // namespace hypertier::policy
