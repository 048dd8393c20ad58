// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/bar.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace hypertier::tierctl::top {
namespace {

// How many of `columns` are `part`, to the nearest.
std::size_t Share(std::uint64_t part, std::uint64_t whole, std::size_t columns) {
  if (whole == 0) return 0;
  const double share = std::min(static_cast<double>(part) / static_cast<double>(whole), 1.0);
  return static_cast<std::size_t>(std::lround(share * static_cast<double>(columns)));
}

}  // namespace

std::string Bar(const BarOf& bar, std::size_t columns, const Glyphs& glyphs) {
  const std::size_t resident = Share(bar.resident.value_or(0), bar.whole, columns);
  const std::size_t charged = Share(bar.charged, bar.whole, columns);
  // Behind what is at the target; in the last column when that is all.
  const std::size_t target = bar.target && bar.whole > 0 && columns > 0
                                 ? std::min(Share(*bar.target, bar.whole, columns), columns - 1)
                                 : columns;
  std::string out;
  for (std::size_t i = 0; i < columns; ++i) {
    out += i == target ? glyphs.target : i < resident ? glyphs.resident : i < charged ? glyphs.charged : glyphs.rest;
  }
  return out;
}

std::string ShortSize(std::uint64_t bytes) {
  constexpr std::string_view kUnits = "BKMGTPE";
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && (bytes >> (10 * (unit + 1))) != 0) ++unit;
  const std::uint64_t one = std::uint64_t{1} << (10 * unit);
  if (bytes % one == 0) return fmt::format("{}{}", bytes / one, kUnits[unit]);
  const double value = static_cast<double>(bytes) / static_cast<double>(one);
  // Rounding must not bring a digit more.
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}{}", value, decimals, kUnits[unit]);
}

}  // namespace hypertier::tierctl::top
