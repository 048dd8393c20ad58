// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace hypertier::tierctl::report {

// The time that a report is about, as points `step` apart; the last one is `to`. In seconds since 1970.
struct Span {
  std::time_t from = 0;
  std::time_t to = 0;
  std::time_t step = 1;

  std::size_t size() const { return static_cast<std::size_t>((to - from) / step) + 1; }
  double at(std::size_t i) const { return static_cast<double>(from + static_cast<std::time_t>(i) * step); }
  std::time_t seconds() const { return to - from; }
};

// "90m", "1h", "24h", "7d", "1h30m", as Prometheus writes durations: from a minute to 31 days.
absl::StatusOr<std::chrono::seconds> ParseLast(std::string_view text);

// The last such time until `now`, in at most `most` steps, none shorter than 15 s (Prometheus is seldom asked to look
// more often).
Span LastSpan(std::time_t now, std::chrono::seconds last, std::time_t most = 1440);

// What a report says of a time, in the local zone: "2026-11-26 21:45", "21:45", "Nov 26".
std::string LocalTime(std::time_t time, const char* format);

// "2026-11-26 21:45 to 22:45 CET (UTC+01:00)".
std::string DescribeSpan(const Span& span);

// "1 hour", "24 hours", "90 minutes", "7 days".
std::string DescribeLength(std::time_t seconds);

// "the last hour", "the last 24 hours".
std::string DescribeLast(const Span& span);

}  // namespace hypertier::tierctl::report
