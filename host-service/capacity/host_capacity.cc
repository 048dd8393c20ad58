// SPDX-License-Identifier: Apache-2.0
#include "host-service/capacity/host_capacity.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <sstream>
#include <string_view>

#include "common/id_list.h"
#include "common/text.h"
#include "common/text_file.h"

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

// "Node 0 MemTotal:       11626700 kB"
absl::StatusOr<Bytes> MemoryOf(const std::string& root, int node) {
  const std::string path = fmt::format("{}{}/node{}/meminfo", root, kNodes, node);
  const absl::StatusOr<std::string> text = ReadTextFile(path, "a node's memory");
  if (!text.ok()) return text.status();
  std::istringstream words(*text);
  std::string word;
  while (words >> word) {
    std::uint64_t kib = 0;
    if (word == "MemTotal:" && words >> kib) return Bytes::KiB(kib);
  }
  return absl::NotFoundError(fmt::format("{}: has no MemTotal", path));
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
      const absl::StatusOr<Bytes> memory = MemoryOf(options.root, node);
      if (!memory.ok()) {
        return absl::NotFoundError(fmt::format("{}: node {}: {}; set qos.{}_nodes to nodes that the host has",
                                               TierName(tier), node, ToString(memory.status().message()),
                                               TierName(tier)));
      }
      capacity[tier] += *memory;
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
