// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace hypertier::agent {

// Sums over the zones of a NUMA node. Below `low` the kernel allocates elsewhere and wakes kswapd, which works until
// `high` is free; below the `min` of a zone most allocations fail.
struct Watermarks {
  Bytes low;
  Bytes high;
};

// `zoneinfo` is /proc/zoneinfo. What it does not say counts as 0.
Watermarks WatermarksOf(std::string_view zoneinfo, std::uint32_t node);

// /proc/zoneinfo below `root`; empty if it cannot be read.
std::string ReadZoneinfo(const std::string& root);

}  // namespace hypertier::agent
