// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// Spans to scan for mappings (sorted): widened to whole chunks, so that no chunk is in two, joined where they then
// touch, but within what user addresses go up to. Mappings that make no sense are left out.
std::vector<ranges::AddressSpan> ScanSpans(std::span<const ranges::AddressSpan> mappings);

}  // namespace hypertier::agent
