// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/span.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "common/text.h"

namespace hypertier::tierctl::report {
namespace {

constexpr std::int64_t kMinute = 60;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;
constexpr std::int64_t kMost = 31 * kDay;
constexpr std::time_t kLeastStep = 15;

// "s" to "w"; 0: no unit.
std::int64_t UnitSeconds(char unit) {
  switch (unit) {
    case 's':
      return 1;
    case 'm':
      return kMinute;
    case 'h':
      return kHour;
    case 'd':
      return kDay;
    case 'w':
      return 7 * kDay;
    default:
      return 0;
  }
}

// Nothing where `text` is no duration at all. What is longer than can be told is as long as can be told.
std::optional<std::int64_t> Seconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    const auto count = ParseUint64(text.substr(0, digits));
    const std::int64_t unit = digits < text.size() ? UnitSeconds(text[digits]) : 0;
    if (unit == 0 || !count) return std::nullopt;
    sum = std::min(kMost + 1, sum + static_cast<std::int64_t>(std::min<std::uint64_t>(*count, kMost + 1)) * unit);
    text.remove_prefix(digits + 1);
  }
  return sum;
}

}  // namespace

absl::StatusOr<std::chrono::seconds> ParseLast(std::string_view text) {
  const std::optional<std::int64_t> seconds = Seconds(text);
  if (!seconds) {
    return absl::InvalidArgumentError(
        fmt::format("--last \"{}\" is no duration: write a number and s, m, h, d or w, as 90m, 1h, 24h or 7d", text));
  }
  if (*seconds < kMinute || *seconds > kMost) {
    return absl::InvalidArgumentError(
        fmt::format("--last {} is too {}: a report is of 1m to 31d", text, *seconds < kMinute ? "short" : "long"));
  }
  return std::chrono::seconds(*seconds);
}

Span LastSpan(std::time_t now, std::chrono::seconds last, std::time_t most) {
  Span span;
  const std::time_t least = std::max<std::time_t>(kLeastStep, (last.count() + most - 1) / most);
  span.step = least;
  // One that leaves nothing over, if there is one of that size: 11 hours stay 11 hours.
  while (span.step <= 2 * least && last.count() % span.step != 0) ++span.step;
  if (span.step > 2 * least) span.step = least;
  span.to = now;
  span.from = now - last.count() / span.step * span.step;
  return span;
}

std::string LocalTime(std::time_t time, const char* format) {
  std::tm local = {};
  if (localtime_r(&time, &local) == nullptr) return "?";
  std::array<char, 64> text;
  return std::string(text.data(), std::strftime(text.data(), text.size(), format, &local));
}

std::string DescribeSpan(const Span& span) {
  const bool one_day = LocalTime(span.from, "%F") == LocalTime(span.to, "%F");
  std::string zone = LocalTime(span.to, "%z");
  if (zone.size() == 5) zone = fmt::format("{}:{}", zone.substr(0, 3), zone.substr(3));
  const std::string name = LocalTime(span.to, "%Z");
  // Zones without a name of their own are named by their distance already.
  const bool named = !name.empty() && name[0] != '+' && name[0] != '-';
  return fmt::format("{} to {} {}{}(UTC{})", LocalTime(span.from, "%F %H:%M"),
                     LocalTime(span.to, one_day ? "%H:%M" : "%F %H:%M"), named ? name : "", named ? " " : "", zone);
}

std::string DescribeLength(std::time_t seconds) {
  const auto words = [](std::time_t count, std::string_view unit) {
    return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
  };
  if (seconds % kDay == 0 && seconds > kDay) return words(seconds / kDay, "day");
  if (seconds % kHour == 0) return words(seconds / kHour, "hour");
  if (seconds % kMinute == 0) return words(seconds / kMinute, "minute");
  return words(seconds, "second");
}

std::string DescribeLast(const Span& span) {
  const std::string length = DescribeLength(span.seconds());
  return fmt::format("the last {}", length.starts_with("1 ") ? length.substr(2) : length);
}

}  // namespace hypertier::tierctl::report
