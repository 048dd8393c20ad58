// SPDX-License-Identifier: Apache-2.0
#include "common/bytes.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/text.h"

namespace hypertier {
namespace {

constexpr std::string_view kUnits = "KMGTP";

absl::Status NotASize(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(fmt::format(
      "\"{}\" is not a size: {}; write a number of bytes or a number with KiB, MiB, GiB or TiB", text, why));
}

// Shift of a suffix such as "MiB", or -1.
int SuffixShift(std::string_view suffix) {
  const std::string lower = ToLower(suffix);
  if (lower.empty() || lower == "b") return 0;
  const std::size_t unit = kUnits.find(static_cast<char>(lower[0] - 'a' + 'A'));
  const std::string_view rest = std::string_view(lower).substr(1);
  if (unit == std::string_view::npos || (!rest.empty() && rest != "b" && rest != "ib")) return -1;
  return static_cast<int>(10 * (unit + 1));
}

}  // namespace

absl::StatusOr<Bytes> ParseBytes(std::string_view text) {
  const std::string_view trimmed = Trim(text);
  const std::size_t digits = std::min(trimmed.find_first_not_of("0123456789."), trimmed.size());
  const std::string_view number = trimmed.substr(0, digits);
  const std::string_view suffix = Trim(trimmed.substr(digits));
  if (number.empty()) return NotASize(text, "it does not begin with a digit");
  const int shift = SuffixShift(suffix);
  if (shift < 0) return NotASize(text, fmt::format("unknown unit \"{}\"", suffix));

  if (number.find('.') == std::string_view::npos) {
    const std::optional<std::uint64_t> whole = ParseUint64(number);
    if (!whole || *whole > (UINT64_MAX >> shift)) return NotASize(text, "it is too large");
    return Bytes(*whole << shift);
  }
  double fraction = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), fraction);
  if (error != std::errc() || end != number.data() + number.size()) return NotASize(text, "malformed number");
  const double scaled = std::ldexp(fraction, shift);
  // Beyond 2^53 a double no longer holds every byte.
  if (scaled > 0x1p53 || scaled != std::floor(scaled)) return NotASize(text, "it is not a whole number of bytes");
  return Bytes(static_cast<std::uint64_t>(scaled));
}

std::string FormatBytes(Bytes bytes) {
  const std::uint64_t n = bytes.count();
  unsigned unit = 0;
  while (unit < kUnits.size() && (n >> (10 * (unit + 1))) != 0) ++unit;
  if (unit == 0) return fmt::format("{} B", n);
  const char letter = kUnits[unit - 1];
  const std::uint64_t one = std::uint64_t{1} << (10 * unit);
  if (n % one == 0) return fmt::format("{} {}iB", n / one, letter);
  const double value = static_cast<double>(n) / static_cast<double>(one);
  const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
  return fmt::format("{:.{}f} {}iB", value, decimals, letter);
}

}  // namespace hypertier
