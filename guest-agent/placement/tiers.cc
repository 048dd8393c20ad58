// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/tiers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "guest-agent/memory/text_lines.h"
#include "guest-agent/memory/watermarks.h"
#include "guest-agent/system/file.h"
#include "guest-agent/system/id_list.h"

namespace hypertier::agent {
namespace {

constexpr std::size_t kMaxSmallFile = 4096;

// Kept free for small allocations of the kernel and of programs, so that they land in FMEM: half a percent of it,
// beyond what the kernel keeps from them.
constexpr std::uint64_t kWatermarkShare = 200;
constexpr std::chrono::seconds kWatermarkInterval{60};

// The value of "Node 1 MemFree:   1234 kB".
Bytes FigureOf(std::string_view meminfo, std::string_view key) {
  const std::size_t at = meminfo.find(key);
  if (at == std::string_view::npos) return {};
  return Times(LeadingNumber(meminfo.substr(at + key.size())), Bytes::KiB(1));
}

}  // namespace

absl::StatusOr<TierView> TierReader::Read(ranges::Time now) {
  absl::StatusOr<TierView> view = ReadTiers();
  if (view.ok()) view->capacity.fmem_watermark = Watermark(now, *view);
  return view;
}

absl::StatusOr<TierView> TierReader::ReadTiers() {
  const absl::StatusOr<Snapshot> snapshot = device_.Read();
  if (!snapshot.ok() || !snapshot->tiers.fmem() || !snapshot->tiers.smem()) return ReadNodes();
  const TierSnapshot& fmem = *snapshot->tiers.fmem();
  const TierSnapshot& smem = *snapshot->tiers.smem();
  TierView view;
  view.nodes = {static_cast<int>(fmem.node), static_cast<int>(smem.node)};
  view.capacity.fmem_usable = fmem.present - fmem.balloon;
  view.capacity.free = {fmem.free, smem.free};
  view.vacate = fmem.balloon_target - fmem.balloon;
  return view;
}

absl::StatusOr<TierView> TierReader::ReadNodes() const {
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
  return view;
}

Bytes TierReader::FmemRoom(ranges::Time now) {
  const absl::StatusOr<TierView> view = ReadTiers();
  if (!view.ok()) return Bytes();
  if (now != kept_at_) ReadKept(now, view->nodes.fmem());
  return view->capacity.free.fmem() - kept_;
}

void TierReader::ReadKept(ranges::Time now, int node) {
  kept_ = WatermarksOf(ReadZoneinfo(root_), static_cast<std::uint32_t>(node)).kept;
  kept_at_ = now;
}

// Somebody may change min_free_kbytes, and the kernel does when memory is plugged.
Bytes TierReader::Watermark(ranges::Time now, const TierView& view) {
  if (kept_at_ == ranges::Time::min() || now >= kept_at_ + kWatermarkInterval) ReadKept(now, view.nodes.fmem());
  const Bytes usable = view.capacity.fmem_usable;
  // A tiny FMEM is not to be kept empty.
  return std::min(kept_ + Bytes(usable.count() / kWatermarkShare), Bytes(usable.count() / 8));
}

}  // namespace hypertier::agent
