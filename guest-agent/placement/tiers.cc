// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/tiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/text.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

constexpr std::size_t kMaxSmallFile = 4096;

// Kept free for small allocations of the kernel and of programs, so that they land in FMEM: 1 % of it.
constexpr std::uint64_t kWatermarkShare = 100;

// Of "0-2,5": 0, 1, 2, 5.
std::vector<int> ParseNodeList(std::string_view text) {
  std::vector<int> nodes;
  text = Trim(text);
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = text.substr(0, comma);
    int first = 0;
    int last = 0;
    const auto [end, error] = std::from_chars(item.data(), item.data() + item.size(), first);
    last = first;
    if (error == std::errc() && end != item.data() + item.size() && *end == '-') {
      std::from_chars(end + 1, item.data() + item.size(), last);
    }
    for (int node = first; error == std::errc() && node <= std::min(last, first + 1024); ++node) nodes.push_back(node);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return nodes;
}

// The value of "Node 1 MemFree:   1234 kB".
Bytes FigureOf(std::string_view meminfo, std::string_view key) {
  const std::size_t at = meminfo.find(key);
  if (at == std::string_view::npos) return {};
  std::string_view value = meminfo.substr(at + key.size());
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  std::uint64_t kib = 0;
  std::from_chars(value.data(), value.data() + value.size(), kib);
  return Bytes::KiB(std::min(kib, UINT64_MAX >> 10));
}

}  // namespace

absl::StatusOr<TierView> TierReader::Read() {
  const absl::StatusOr<Snapshot> snapshot = device_.Read();
  if (!snapshot.ok() || !snapshot->tiers.fmem() || !snapshot->tiers.smem()) return ReadNodes();
  const TierSnapshot& fmem = *snapshot->tiers.fmem();
  const TierSnapshot& smem = *snapshot->tiers.smem();
  TierView view;
  view.nodes = {static_cast<int>(fmem.node), static_cast<int>(smem.node)};
  view.capacity.fmem_usable = fmem.present - fmem.balloon;
  view.capacity.free = {fmem.free, smem.free};
  view.capacity.fmem_watermark = Watermark(view.capacity.fmem_usable);
  view.vacate = fmem.balloon_target - fmem.balloon;
  return view;
}

absl::StatusOr<TierView> TierReader::ReadNodes() {
  const std::string nodes = root_ + "/sys/devices/system/node/";
  const auto with_cpu = ReadFile(nodes + "has_cpu", kMaxSmallFile);
  const auto with_memory = ReadFile(nodes + "has_memory", kMaxSmallFile);
  if (!with_cpu.ok()) return with_cpu.status();
  if (!with_memory.ok()) return with_memory.status();
  const std::vector<int> cpu = ParseNodeList(*with_cpu);
  std::vector<int> fast;
  std::vector<int> slow;
  for (const int node : ParseNodeList(*with_memory)) {
    (std::ranges::find(cpu, node) != cpu.end() ? fast : slow).push_back(node);
  }
  if (fast.size() != 1 || slow.size() != 1) {
    return absl::FailedPreconditionError(
        fmt::format("not a two-tier guest: {} NUMA nodes with CPUs and memory, {} with memory only; one of each is "
                    "needed (tierctl domain-xml makes them)",
                    fast.size(), slow.size()));
  }
  TierView view;
  view.nodes = {fast[0], slow[0]};
  for (const TierId tier : kTiers) {
    const auto meminfo = ReadFile(fmt::format("{}node{}/meminfo", nodes, view.nodes[tier]), kMaxSmallFile);
    if (!meminfo.ok()) return meminfo.status();
    view.capacity.free[tier] = FigureOf(*meminfo, "MemFree:");
    if (tier == TierId::kFmem) view.capacity.fmem_usable = FigureOf(*meminfo, "MemTotal:");
  }
  view.capacity.fmem_watermark = Watermark(view.capacity.fmem_usable);
  return view;
}

// The kernel's high watermark is about 1.5 min_free_kbytes over all nodes; below it kswapd runs.
Bytes TierReader::Watermark(Bytes usable) {
  if (!min_free_) {
    const auto text = ReadFile(root_ + "/proc/sys/vm/min_free_kbytes", kMaxSmallFile);
    std::uint64_t kib = 0;
    if (text.ok()) std::from_chars(text->data(), text->data() + text->size(), kib);
    min_free_ = Bytes::KiB(std::min<std::uint64_t>(kib, UINT64_MAX >> 12));
  }
  const Bytes wanted = *min_free_ + *min_free_ + Bytes(usable.count() / kWatermarkShare);
  // A tiny FMEM is not to be kept empty.
  return std::min(wanted, Bytes(usable.count() / 8));
}

}  // namespace hypertier::agent
