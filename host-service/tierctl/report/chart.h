// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "host-service/tierctl/report/prometheus.h"

namespace hypertier::tierctl {

enum class Unit { kBytes, kBytesPerSecond, kShare, kNumber, kSeconds };

struct Line {
  std::string name;
  std::vector<Sample> samples;
};

struct Chart {
  // For those who do not see it.
  std::string title;
  Unit unit = Unit::kNumber;
  std::vector<Line> lines;
  Range range;
  absl::TimeZone zone;
};

// "1.50 GiB", "12.5 %", "3.2 s".
std::string FormatValue(Unit unit, double value);

// Marks of a vertical axis from 0 that reaches `most`: 2 to 6 round values, the last at or above it.
std::vector<double> Ticks(Unit unit, double most);

// SVG of the lines over the range, without a legend: line N has the class "sN" (N from 0 to kLineStyles - 1, then
// again). A line is broken where samples are missing.
std::string Draw(const Chart& chart);
inline constexpr std::size_t kLineStyles = 6;

// For text and quoted attributes of HTML and SVG.
std::string Escaped(std::string_view text);

}  // namespace hypertier::tierctl
