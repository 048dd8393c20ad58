// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host-service/tierctl/top/layout.h"

namespace hypertier::tierctl::top {

// The lines above the body: what host this is, its tiers, what must be said plainly, and the heading of the columns.
// Where `size` has no room for all, the tiers go first.
std::vector<Line> Header(const Picture& picture, Size size, const Glyphs& glyphs);

}  // namespace hypertier::tierctl::top
