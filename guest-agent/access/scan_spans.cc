// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/scan_spans.h"

#include <algorithm>

namespace hypertier::agent {
namespace {

// The last page below the end of x86-64's user addresses, with four levels of page tables: nothing is mapped there, and
// the module refuses to scan it. With five levels addresses above it are asked for only if a program wants them.
constexpr ranges::Address kTaskSize = (ranges::Address{1} << 47) - kPage.count();

}  // namespace

std::vector<ranges::AddressSpan> ScanSpans(std::span<const ranges::AddressSpan> mappings) {
  std::vector<ranges::AddressSpan> spans;
  for (const ranges::AddressSpan& mapping : mappings) {
    if (mapping.start >= mapping.end || mapping.end > ranges::kAddressLimit) continue;
    const ranges::AddressSpan span{ranges::ChunkDown(mapping.start), ranges::ChunkUp(mapping.end)};
    const ranges::Address limit = span.end > kTaskSize && mapping.end <= kTaskSize ? kTaskSize : span.end;
    const ranges::Address end = std::min(span.end, limit);
    if (!spans.empty() && span.start < spans.back().start) continue;
    if (!spans.empty() && span.start <= spans.back().end) {
      spans.back().end = std::max(spans.back().end, end);
    } else {
      spans.push_back({span.start, end});
    }
  }
  return spans;
}

}  // namespace hypertier::agent
