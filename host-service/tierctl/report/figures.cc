// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/figures.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/bytes.h"

namespace hypertier::tierctl::report {

std::optional<Figures> FiguresOf(const Values& values) {
  Figures figures;
  double sum = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    figures.least = figures.count == 0 ? value : std::min(figures.least, value);
    figures.most = figures.count == 0 ? value : std::max(figures.most, value);
    figures.last = value;
    sum += value;
    ++figures.count;
  }
  if (figures.count == 0) return std::nullopt;
  figures.mean = sum / static_cast<double>(figures.count);
  return figures;
}

std::size_t CountAboveZero(const Values& values) {
  return static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](double value) { return value > 0; }));
}

std::string FormatFigure(Unit unit, double value) {
  if (unit != Unit::kBytes) return fmt::format("{:.1f} %", value * 100);
  constexpr double kMost = 9e18;
  return FormatBytes(Bytes(static_cast<std::uint64_t>(std::llround(std::clamp(value, 0.0, kMost)))));
}

std::string FormatCount(double value) {
  return fmt::format("{:.0f}", value);
}

std::string FormatMinutes(double seconds) {
  if (seconds < 3600) {
    return fmt::format("{:g} min", std::round(seconds / 6) / 10);
  }
  const auto minutes = std::llround(seconds / 60);
  return minutes % 60 == 0 ? fmt::format("{} h", minutes / 60) : fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

}  // namespace hypertier::tierctl::report
