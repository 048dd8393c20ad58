// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "common/bytes.h"

namespace hypertier {

// Memory that is mapped, by NUMA node.
using ByNode = std::map<int, Bytes>;

// Of what /proc/PID/numa_maps says (proc(5)): the mappings that begin in [begin, begin + size). Lines that cannot be
// read are skipped: the kernel adds new words.
ByNode ParseNumaMaps(std::string_view text, std::uint64_t begin, Bytes size);

}  // namespace hypertier
