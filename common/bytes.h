// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hypertier {

// An amount of memory. Never negative; a difference is made with Delta() or by comparing first.
class Bytes {
 public:
  constexpr Bytes() = default;
  constexpr explicit Bytes(std::uint64_t count) : count_(count) {}

  static constexpr Bytes KiB(std::uint64_t n) { return Bytes(n << 10); }
  static constexpr Bytes MiB(std::uint64_t n) { return Bytes(n << 20); }
  static constexpr Bytes GiB(std::uint64_t n) { return Bytes(n << 30); }
  static constexpr Bytes Max() { return Bytes(UINT64_MAX); }

  constexpr std::uint64_t count() const { return count_; }

  friend constexpr auto operator<=>(Bytes, Bytes) = default;

  // Sums and differences saturate at the ends of the range: a hostile figure must not wrap.
  friend constexpr Bytes operator+(Bytes a, Bytes b) {
    return a.count_ > UINT64_MAX - b.count_ ? Max() : Bytes(a.count_ + b.count_);
  }
  friend constexpr Bytes operator-(Bytes a, Bytes b) { return a < b ? Bytes() : Bytes(a.count_ - b.count_); }
  constexpr Bytes& operator+=(Bytes other) { return *this = *this + other; }
  constexpr Bytes& operator-=(Bytes other) { return *this = *this - other; }

 private:
  std::uint64_t count_ = 0;
};

// The unit in which the balloon works, and so the granularity of every target.
inline constexpr Bytes kPage = Bytes::KiB(4);

// Without what is not a whole page.
constexpr Bytes PageDown(Bytes bytes) {
  return Bytes(bytes.count() / kPage.count() * kPage.count());
}

// So large a share of `whole`, in whole pages; nothing for a share that is not above 0. At most 2^62.
constexpr Bytes PagesOf(Bytes whole, double share) {
  const double product = static_cast<double>(whole.count()) * share;
  if (!(product > 0)) return Bytes();
  return PageDown(product >= 0x1p62 ? Bytes(std::uint64_t{1} << 62) : Bytes(static_cast<std::uint64_t>(product)));
}

// Reads "4096", "512MiB", "1.5 GiB", "2g" (suffixes K, M, G, T with or without B or iB, all binary, any case).
// The result is a whole number of bytes. InvalidArgument says what is wrong with the text.
absl::StatusOr<Bytes> ParseBytes(std::string_view text);

// For people: "1.50 GiB", "512 MiB", "4 KiB", "17 B". At most three significant digits unless exact.
std::string FormatBytes(Bytes bytes);

}  // namespace hypertier
