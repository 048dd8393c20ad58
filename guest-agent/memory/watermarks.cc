// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/memory/watermarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "guest-agent/memory/text_lines.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

struct Zone {
  std::uint64_t free = 0;
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  // For allocations of the highest zone, as programs' pages are.
  std::uint64_t protection = 0;
};

}  // namespace

Watermarks WatermarksOf(std::string_view zoneinfo, std::uint32_t node) {
  const std::string wanted = fmt::format("Node {}, zone", node);
  constexpr std::string_view kFree = "pages free";
  constexpr std::string_view kProtection = "protection:";
  Watermarks sum;
  std::optional<Zone> zone;
  const auto add = [&] {
    if (!zone) return;
    sum.high += Times(zone->high, kPage);
    sum.kept += std::min(Times(zone->free, kPage), Times(zone->low, kPage) + Times(zone->protection, kPage));
  };
  ForEachLine(zoneinfo, [&](std::string_view line) {
    if (line.starts_with("Node ")) {
      add();
      zone.reset();
      if (line.starts_with(wanted)) zone.emplace();
    }
    if (!zone) return;
    if (line.starts_with(kFree)) zone->free = LeadingNumber(line.substr(kFree.size()));
    // The per-CPU page sets have lines "high: N"; the zone's own is "high N".
    if (line.starts_with("low ")) zone->low = LeadingNumber(line.substr(4));
    if (line.starts_with("high ")) zone->high = LeadingNumber(line.substr(5));
    // "protection: (0, 253, 8320)"
    if (line.starts_with(kProtection)) zone->protection = LeadingNumber(line.substr(line.find_last_of(" (") + 1));
  });
  add();
  return sum;
}

std::string ReadZoneinfo(const std::string& root) {
  // A few lines for each CPU and zone.
  constexpr std::size_t kMost = 4 << 20;
  return ReadFile(root + "/proc/zoneinfo", kMost).value_or("");
}

}  // namespace hypertier::agent
