// SPDX-License-Identifier: Apache-2.0
#include "common/bytes.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace hypertier {
namespace {

constexpr std::string_view kUnits = "KMGTP";

absl::Status NotASize(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a size: ", why,
                                                 "; write a number of bytes or a number with KiB, MiB, GiB or TiB"));
}

// Shift of a suffix such as "MiB", or -1.
int SuffixShift(std::string_view suffix) {
  if (suffix.empty() || absl::EqualsIgnoreCase(suffix, "b")) return 0;
  const std::size_t unit = kUnits.find(absl::ascii_toupper(static_cast<unsigned char>(suffix.front())));
  const std::string_view rest = suffix.substr(1);
  if (unit == std::string_view::npos) return -1;
  if (!rest.empty() && !absl::EqualsIgnoreCase(rest, "b") && !absl::EqualsIgnoreCase(rest, "ib")) return -1;
  return static_cast<int>(10 * (unit + 1));
}

}  // namespace

absl::StatusOr<Bytes> ParseBytes(std::string_view text) {
  const std::string_view trimmed = absl::StripAsciiWhitespace(text);
  const std::size_t digits = std::min(trimmed.find_first_not_of("0123456789."), trimmed.size());
  const std::string_view number = trimmed.substr(0, digits);
  const std::string_view suffix = absl::StripLeadingAsciiWhitespace(trimmed.substr(digits));
  if (number.empty()) return NotASize(text, "it does not begin with a digit");
  const int shift = SuffixShift(suffix);
  if (shift < 0) return NotASize(text, absl::StrCat("unknown unit \"", suffix, "\""));

  std::uint64_t whole = 0;
  if (absl::SimpleAtoi(number, &whole)) {
    if (whole > (UINT64_MAX >> shift)) return NotASize(text, "it is too large");
    return Bytes(whole << shift);
  }
  double fraction = 0;
  if (number.find('.') == std::string_view::npos) return NotASize(text, "it is too large");
  if (!absl::SimpleAtod(number, &fraction)) return NotASize(text, "malformed number");
  const double scaled = std::ldexp(fraction, shift);
  // Beyond 2^53 a double no longer holds every byte.
  if (scaled > 0x1p53 || scaled != std::floor(scaled)) return NotASize(text, "it is not a whole number of bytes");
  return Bytes(static_cast<std::uint64_t>(scaled));
}

std::string FormatBytes(Bytes bytes) {
  const std::uint64_t n = bytes.count();
  int unit = 0;
  while (unit < 5 && (n >> (10 * (unit + 1))) != 0) ++unit;
  if (unit == 0) return absl::StrCat(n, " B");
  const std::string suffix = absl::StrCat(" ", kUnits.substr(static_cast<std::size_t>(unit) - 1, 1), "iB");
  const std::uint64_t one = std::uint64_t{1} << (10 * unit);
  if (n % one == 0) return absl::StrCat(n / one, suffix);
  const double value = static_cast<double>(n) / static_cast<double>(one);
  const int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
  return absl::StrFormat("%.*f%s", decimals, value, suffix);
}

}  // namespace hypertier
