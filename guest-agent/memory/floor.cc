// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/memory/floor.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

// /proc/zoneinfo has a few lines for each CPU and zone.
constexpr std::size_t kMaxZoneinfo = 4 << 20;
constexpr std::size_t kMaxMeminfo = 16 << 10;
// Debian's kernels for x86 have no other default size.
constexpr Bytes kHugePage = Bytes::MiB(2);

template <typename Visit>
void ForEachLine(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    visit(Trim(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// The number at the beginning of `text`, white space before it allowed; 0 if there is none.
std::uint64_t LeadingNumber(std::string_view text) {
  text = Trim(text);
  return ParseUint64(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0);
}

Bytes Times(std::uint64_t count, Bytes unit) {
  return count > UINT64_MAX / unit.count() ? Bytes::Max() : Bytes(count * unit.count());
}

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

Bytes HighWatermarks(std::string_view zoneinfo, std::uint32_t node) {
  const std::string wanted = fmt::format("Node {}, zone", node);
  bool ours = false;
  Bytes sum;
  ForEachLine(zoneinfo, [&](std::string_view line) {
    if (line.starts_with("Node ")) ours = line.starts_with(wanted);
    // The per-CPU page sets have a line "high: N" each; the zone's own is "high N".
    if (ours && line.starts_with("high ")) sum += Times(LeadingNumber(line.substr(5)), kPage);
  });
  return sum;
}

}  // namespace

Bytes NodeFloor(std::string_view meminfo, std::string_view zoneinfo, std::uint32_t node) {
  return NeededIn(meminfo) + HighWatermarks(zoneinfo, node);
}

PerTier<Bytes> ReadNodeFloors(const std::string& root, const PerTier<std::optional<std::uint32_t>>& nodes) {
  const std::string zoneinfo = ReadFile(root + "/proc/zoneinfo", kMaxZoneinfo).value_or("");
  PerTier<Bytes> floors;
  for (const TierId tier : kTiers) {
    if (!nodes[tier]) continue;
    const std::string path = fmt::format("{}/sys/devices/system/node/node{}/meminfo", root, *nodes[tier]);
    floors[tier] = NodeFloor(ReadFile(path, kMaxMeminfo).value_or(""), zoneinfo, *nodes[tier]);
  }
  return floors;
}

}  // namespace hypertier::agent
