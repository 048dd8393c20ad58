// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "host-service/tierctl/report/document.h"

namespace hypertier::tierctl::report {

// Of the values that there are.
struct Figures {
  double mean = 0;
  double least = 0;
  double most = 0;
  double last = 0;
  std::size_t count = 0;
};

// Nothing where there are no values.
std::optional<Figures> FiguresOf(const Values& values);

// How many of the values are above 0.
std::size_t CountAboveZero(const Values& values);

// "1.50 GiB", "98.2 %".
std::string FormatFigure(Unit unit, double value);

// For whole numbers that Prometheus estimates: "17", "0".
std::string FormatCount(double value);

// "3 min", "0 min", "1.5 min", "4 h 10 min".
std::string FormatMinutes(double seconds);

}  // namespace hypertier::tierctl::report
