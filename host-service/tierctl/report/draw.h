// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host-service/tierctl/report/document.h"

namespace hypertier::tierctl::report {

// How wide every drawing is, in SVG's units.
inline constexpr int kWidth = 880;

// A piece of SVG, from the origin down, that wants the style sheet of style.h.
struct Drawing {
  std::string body;
  int height = 0;
};

// Legend, axes and lines; the title is the caller's.
Drawing Draw(const Chart& chart);

// What the chart shows, in words and figures.
std::string Describe(const Chart& chart);

// The style sheet's class of the line's colour and dashes. `position`: among the chart's lines.
std::string ClassOf(const Line& line, std::size_t position);

// A chart that has something to show.
bool HasValues(const Chart& chart);

}  // namespace hypertier::tierctl::report
