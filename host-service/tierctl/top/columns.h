// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace hypertier::tierctl::top {

// How wide the columns of the body are, each with a blank behind it; 0: there is no room for it. State and reason have
// what is left.
struct Widths {
  std::size_t name;
  std::size_t bar;
  // "12.3G/16.0G" has room (charged and target), "12.3G" (charged), or nothing.
  std::size_t figures;
  std::size_t hits;
  // 0: as wide as the word is.
  std::size_t state;
};

constexpr std::size_t kOneFigure = 5;
constexpr std::size_t kTwoFigures = 11;

constexpr Widths WidthsFor(std::size_t width) {
  if (width >= 160) return {28, 20, kTwoFigures, 4, 20};
  if (width >= 120) return {20, 12, kTwoFigures, 4, 20};
  if (width >= 100) return {18, 8, kTwoFigures, 4, 0};
  if (width >= 72) return {15, 8, kOneFigure, 4, 0};
  if (width >= 54) return {12, 6, kOneFigure, 4, 0};
  if (width >= 34) return {11, 5, 0, 0, 0};
  return {width / 2, 0, 0, 0, 0};
}

}  // namespace hypertier::tierctl::top
