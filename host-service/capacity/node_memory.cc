// SPDX-License-Identifier: Apache-2.0
#include "host-service/capacity/node_memory.h"

#include <fmt/format.h>

#include <optional>
#include <sstream>

#include "common/text_file.h"

namespace hypertier {

// "Node 0 MemTotal:       11626700 kB"
absl::StatusOr<NodeMemory> ReadNodeMemory(const std::string& root, int node) {
  const std::string path = fmt::format("{}/sys/devices/system/node/node{}/meminfo", root, node);
  const absl::StatusOr<std::string> text = ReadTextFile(path, "a node's memory");
  if (!text.ok()) return text.status();
  std::optional<Bytes> total;
  std::optional<Bytes> free;
  Bytes inactive_file;
  std::istringstream words(*text);
  std::string word;
  while (words >> word) {
    std::uint64_t kib = 0;
    if (word == "MemTotal:" && words >> kib) total = Bytes::KiB(kib);
    if (word == "MemFree:" && words >> kib) free = Bytes::KiB(kib);
    if (word == "Inactive(file):" && words >> kib) inactive_file = Bytes::KiB(kib);
  }
  if (!total || !free) return absl::NotFoundError(fmt::format("{}: has no {}", path, total ? "MemFree" : "MemTotal"));
  return NodeMemory{*total, *free, inactive_file};
}

}  // namespace hypertier
