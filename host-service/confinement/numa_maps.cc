// SPDX-License-Identifier: Apache-2.0
#include "host-service/confinement/numa_maps.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "common/text.h"

namespace hypertier {
namespace {

// "7f2a00000000 bind:0 file=/memfd:ram dirty=300 N0=200 N1=100 kernelpagesize_kB=4"
void AddLine(std::string_view line, std::uint64_t begin, Bytes size, ByNode& nodes) {
  const std::string_view address = NextWord(line);
  std::uint64_t at = 0;
  const auto [end, error] = std::from_chars(address.data(), address.data() + address.size(), at, 16);
  if (error != std::errc() || end != address.data() + address.size()) return;
  if (at < begin || at - begin >= size.count()) return;
  std::map<int, std::uint64_t> pages;
  Bytes page = Bytes::KiB(4);
  for (std::string_view word = NextWord(line); !word.empty(); word = NextWord(line)) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = word.substr(0, equals);
    const std::optional<std::uint64_t> value = ParseUint64(word.substr(equals + 1));
    if (!value) continue;
    if (name == "kernelpagesize_kB") page = Bytes::KiB(*value);
    if (!name.starts_with('N')) continue;
    const std::optional<std::uint64_t> node = ParseUint64(name.substr(1));
    if (node) pages[static_cast<int>(*node)] = *value;
  }
  for (const auto& [node, count] : pages) nodes[node] += Bytes(count * page.count());
}

}  // namespace

ByNode ParseNumaMaps(std::string_view text, std::uint64_t begin, Bytes size) {
  ByNode nodes;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    AddLine(text.substr(0, end), begin, size, nodes);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return nodes;
}

}  // namespace hypertier
