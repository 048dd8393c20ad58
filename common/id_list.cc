// SPDX-License-Identifier: Apache-2.0
#include "common/id_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"

namespace hypertier {
namespace {

// More than any kernel has (NR_CPUS; of nodes there are at most 1024).
constexpr std::uint64_t kMostIds = 8192;

}  // namespace

absl::StatusOr<std::vector<int>> ParseIdList(std::string_view text) {
  const std::string_view whole = text = Trim(text);
  std::vector<int> ids;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t dash = part.find('-');
    const auto first = ParseUint64(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : ParseUint64(part.substr(dash + 1));
    const std::uint64_t least = ids.empty() ? 0 : static_cast<std::uint64_t>(ids.back()) + 1;
    if (!first || !last || *first < least || *last < *first || *last >= kMostIds) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not a list of CPUs or nodes", whole.substr(0, 60)));
    }
    for (std::uint64_t id = *first; id <= *last; ++id) ids.push_back(static_cast<int>(id));
  }
  if (ids.empty()) return absl::InvalidArgumentError("an empty list of CPUs or nodes");
  return ids;
}

}  // namespace hypertier
