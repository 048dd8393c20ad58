// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/memory/watermarks.h"

#include <fmt/format.h>

#include "guest-agent/memory/text_lines.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {

Watermarks WatermarksOf(std::string_view zoneinfo, std::uint32_t node) {
  const std::string wanted = fmt::format("Node {}, zone", node);
  bool ours = false;
  Watermarks sum;
  ForEachLine(zoneinfo, [&](std::string_view line) {
    if (line.starts_with("Node ")) ours = line.starts_with(wanted);
    if (!ours) return;
    // The per-CPU page sets have lines "high: N"; the zone's own is "high N".
    if (line.starts_with("low ")) sum.low += Times(LeadingNumber(line.substr(4)), kPage);
    if (line.starts_with("high ")) sum.high += Times(LeadingNumber(line.substr(5)), kPage);
  });
  return sum;
}

std::string ReadZoneinfo(const std::string& root) {
  // A few lines for each CPU and zone.
  constexpr std::size_t kMost = 4 << 20;
  return ReadFile(root + "/proc/zoneinfo", kMost).value_or("");
}

}  // namespace hypertier::agent
