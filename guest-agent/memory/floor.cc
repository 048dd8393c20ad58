// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/memory/floor.h"

#include <fmt/format.h>

#include <algorithm>

#include "guest-agent/memory/text_lines.h"
#include "guest-agent/memory/watermarks.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

constexpr std::size_t kMaxMeminfo = 16 << 10;
// Debian's kernels for x86 have no other default size.
constexpr Bytes kHugePage = Bytes::MiB(2);

// "Node 0 SUnreclaim:   1234 kB" or "Node 0 HugePages_Total:   3".
Bytes NeededIn(std::string_view meminfo) {
  constexpr std::string_view kNeeded[] = {"SUnreclaim", "KernelStack", "PageTables", "SecPageTables", "Unevictable"};
  Bytes sum;
  ForEachLine(meminfo, [&](std::string_view line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    const std::string_view key = line.substr(line.substr(0, colon).rfind(' ') + 1);
    const std::string_view name = key.substr(0, key.find(':'));
    const std::uint64_t value = LeadingNumber(line.substr(colon + 1));
    if (std::ranges::find(kNeeded, name) != std::ranges::end(kNeeded)) sum += Times(value, Bytes::KiB(1));
    if (name == "HugePages_Total") sum += Times(value, kHugePage);
  });
  return sum;
}

}  // namespace

Bytes NodeFloor(std::string_view meminfo, std::string_view zoneinfo, std::uint32_t node) {
  return NeededIn(meminfo) + WatermarksOf(zoneinfo, node).high;
}

PerTier<Bytes> ReadNodeFloors(const std::string& root, const PerTier<std::optional<std::uint32_t>>& nodes) {
  const std::string zoneinfo = ReadZoneinfo(root);
  PerTier<Bytes> floors;
  for (const TierId tier : kTiers) {
    if (!nodes[tier]) continue;
    const std::string path = fmt::format("{}/sys/devices/system/node/node{}/meminfo", root, *nodes[tier]);
    floors[tier] = NodeFloor(ReadFile(path, kMaxMeminfo).value_or(""), zoneinfo, *nodes[tier]);
  }
  return floors;
}

}  // namespace hypertier::agent
