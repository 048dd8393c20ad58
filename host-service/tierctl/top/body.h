// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/tierctl/top/line.h"
#include "host-service/tierctl/top/picture.h"
#include "host-service/tierctl/top/rows.h"

namespace hypertier::tierctl::top {

// One row as a line of exactly `width` columns. `host` (may be null) says what a tenant without a limit could have.
Line FormatRow(const Row& row, const v1::Host* host, bool folded, std::size_t width, const Glyphs& glyphs);

}  // namespace hypertier::tierctl::top
