// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "host-service/tierctl/top/line.h"
#include "host-service/tierctl/top/picture.h"
#include "host-service/tierctl/top/rows.h"
#include "host-service/tierctl/top/view.h"

namespace hypertier::tierctl::top {

struct Size {
  std::size_t width;
  std::size_t height;

  friend bool operator==(const Size&, const Size&) = default;
};

// A screen: exactly `height` lines of exactly `width` columns.
struct Frame {
  std::vector<Line> lines;
  // Rows of the body that are visible at a time.
  std::size_t page = 0;
};

// Clamps the view to what there is. Only visible rows are formatted.
Frame Layout(const Picture& picture, const std::vector<Row>& rows, View& view, Size size, const Glyphs& glyphs);

}  // namespace hypertier::tierctl::top
