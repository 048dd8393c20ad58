// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace hypertier::agent {

// Sums over the zones of a NUMA node. Of what is free in a zone, programs' pages do not get its low watermark (which
// the kernel boosts for a while when blocks of it get mixed up), nor what it is to keep for allocations that must lie
// low: then the kernel allocates elsewhere and wakes kswapd, which works until `high` is free.
struct Watermarks {
  Bytes high;
  // Free now and not for programs' pages.
  Bytes kept;
};

// `zoneinfo` is /proc/zoneinfo. What it does not say counts as 0.
Watermarks WatermarksOf(std::string_view zoneinfo, std::uint32_t node);

// /proc/zoneinfo below `root`; empty if it cannot be read.
std::string ReadZoneinfo(const std::string& root);

}  // namespace hypertier::agent
