// SPDX-License-Identifier: Apache-2.0
#include "host-service/capacity/host_capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <string_view>

#include "common/id_list.h"
#include "common/text.h"
#include "common/text_file.h"
#include "host-service/capacity/node_memory.h"

namespace hypertier {
namespace {

constexpr std::string_view kTiersFolder = "/sys/devices/virtual/memory_tiering";
constexpr std::string_view kTierPrefix = "memory_tier";
constexpr std::string_view kNodes = "/sys/devices/system/node";

absl::StatusOr<std::vector<int>> ReadNodes(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, "a list of nodes");
  if (!text.ok()) return text.status();
  return ParseIdList(*text);
}

// Fastest first. Empty where the kernel has no tiers.
std::vector<std::vector<int>> TiersOf(const std::string& root) {
  std::map<std::uint64_t, std::vector<int>> tiers;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(fmt::format("{}{}", root, kTiersFolder), error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kTierPrefix)) continue;
    const auto number = ParseUint64(std::string_view(name).substr(kTierPrefix.size()));
    const absl::StatusOr<std::vector<int>> nodes = ReadNodes(entry.path() / "nodelist");
    if (number && nodes.ok()) tiers[*number] = *nodes;
  }
  std::vector<std::vector<int>> ranked;
  ranked.reserve(tiers.size());
  for (auto& [number, nodes] : tiers) ranked.push_back(std::move(nodes));
  return ranked;
}

absl::StatusOr<PerTier<std::vector<int>>> FindNodes(const std::string& root) {
  PerTier<std::vector<int>> found;
  const std::vector<std::vector<int>> tiers = TiersOf(root);
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    std::vector<int>& nodes = i == 0 ? found.fmem() : found.smem();
    nodes.insert(nodes.end(), tiers[i].begin(), tiers[i].end());
  }
  if (!tiers.empty()) return found;
  const absl::StatusOr<std::vector<int>> all = ReadNodes(fmt::format("{}{}/has_memory", root, kNodes));
  if (!all.ok()) return all.status();
  const absl::StatusOr<std::vector<int>> with_cpus = ReadNodes(fmt::format("{}{}/has_cpu", root, kNodes));
  if (!with_cpus.ok()) return with_cpus.status();
  for (const int node : *all) {
    const bool fast = std::find(with_cpus->begin(), with_cpus->end(), node) != with_cpus->end();
    (fast ? found.fmem() : found.smem()).push_back(node);
  }
  return found;
}

}  // namespace

absl::StatusOr<PerTier<std::vector<int>>> TierNodes(const CapacityOptions& options) {
  PerTier<std::vector<int>> nodes = options.nodes;
  for (const TierId tier : kTiers) {
    if (!nodes[tier].empty()) continue;
    const absl::StatusOr<PerTier<std::vector<int>>> found = FindNodes(options.root);
    if (!found.ok()) return found.status();
    // A node that was named for the one tier is not of the other.
    for (const int node : (*found)[tier]) {
      bool named = false;
      for (const TierId other : kTiers) {
        const std::vector<int>& others = options.nodes[other];
        named = named || std::find(others.begin(), others.end(), node) != others.end();
      }
      if (!named) nodes[tier].push_back(node);
    }
  }
  return nodes;
}

absl::StatusOr<PerTier<Bytes>> FindCapacity(const CapacityOptions& options) {
  PerTier<Bytes> capacity;
  std::optional<absl::StatusOr<PerTier<std::vector<int>>>> found;
  for (const TierId tier : kTiers) {
    if (options.size[tier]) {
      capacity[tier] = *options.size[tier];
      continue;
    }
    std::vector<int> nodes = options.nodes[tier];
    if (nodes.empty()) {
      if (!found) found = FindNodes(options.root);
      if (!found->ok()) {
        return absl::NotFoundError(
            fmt::format("{}: cannot find the host's nodes of this tier: {}; set "
                        "qos.{}_capacity or qos.{}_nodes",
                        TierName(tier), ToString(found->status().message()), TierName(tier), TierName(tier)));
      }
      nodes = (**found)[tier];
    }
    for (const int node : nodes) {
      const absl::StatusOr<NodeMemory> memory = ReadNodeMemory(options.root, node);
      if (!memory.ok()) {
        return absl::NotFoundError(fmt::format("{}: node {}: {}; set qos.{}_nodes to nodes that the host has",
                                               TierName(tier), node, ToString(memory.status().message()),
                                               TierName(tier)));
      }
      capacity[tier] += memory->total;
    }
  }
  for (const TierId tier : kTiers) {
    if (capacity[tier] > options.reserve[tier]) {
      capacity[tier] -= options.reserve[tier];
      continue;
    }
    return absl::FailedPreconditionError(
        fmt::format("{}: the host has {} of it, of which {} are reserved; set qos.{}_capacity, qos.{}_nodes or "
                    "qos.{}_reserve",
                    TierName(tier), FormatBytes(capacity[tier]), FormatBytes(options.reserve[tier]), TierName(tier),
                    TierName(tier), TierName(tier)));
  }
  return capacity;
}

}  // namespace hypertier
