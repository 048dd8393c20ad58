// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/tiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

#include "common/text.h"
#include "guest-agent/system/file.h"
#include "guest-agent/system/id_list.h"

namespace hypertier::agent {
namespace {

constexpr std::size_t kMaxSmallFile = 4096;

// Kept free for small allocations of the kernel and of programs, so that they land in FMEM: 1 % of it.
constexpr std::uint64_t kWatermarkShare = 100;

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
  const auto cpu = ReadIdList(nodes + "has_cpu");
  const auto memory = ReadIdList(nodes + "has_memory");
  if (!cpu.ok()) return cpu.status();
  if (!memory.ok()) return memory.status();
  std::vector<int> fast;
  std::vector<int> slow;
  for (const int node : *memory) {
    (std::ranges::binary_search(*cpu, node) ? fast : slow).push_back(node);
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
