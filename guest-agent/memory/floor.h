// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::agent {

// What a NUMA node must keep for the guest to live, as far as the kernel says it node by node. It errs on the low side:
// pages that drivers took straight from the page allocator are in no per-node figure.
//
//   unreclaimable slab (SUnreclaim)         kernel objects
//   KernelStack, PageTables, SecPageTables  pinned while their tasks and mappings live
//   Unevictable                             mlocked, ramfs, long-term pinned pages
//   hugetlb pool (HugePages_Total)          reserved outside the LRU
//   high watermark of every zone            below it kswapd works all the time, below min allocation fails
//
// Anonymous and file pages are not part of it: they can go to the other tier, to swap, or be dropped.
// `meminfo` is /sys/devices/system/node/nodeN/meminfo, `zoneinfo` is /proc/zoneinfo. What cannot be read counts as 0.
Bytes NodeFloor(std::string_view meminfo, std::string_view zoneinfo, std::uint32_t node);

// The same from the files below `root`, for each node of `nodes`.
PerTier<Bytes> ReadNodeFloors(const std::string& root, const PerTier<std::optional<std::uint32_t>>& nodes);

}  // namespace hypertier::agent
