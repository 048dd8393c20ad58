// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/cpu_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "guest-agent/system/file.h"

namespace hypertier::agent {
namespace {

// More than any kernel has (NR_CPUS).
constexpr std::uint64_t kMostCpus = 8192;

}  // namespace

absl::StatusOr<std::vector<int>> ParseCpuList(std::string_view text) {
  const std::string_view whole = text = Trim(text);
  std::vector<int> cpus;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const std::size_t dash = part.find('-');
    const auto first = ParseUint64(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : ParseUint64(part.substr(dash + 1));
    const std::uint64_t least = cpus.empty() ? 0 : static_cast<std::uint64_t>(cpus.back()) + 1;
    if (!first || !last || *first < least || *last < *first || *last >= kMostCpus) {
      return absl::InvalidArgumentError(fmt::format("\"{}\" is not a list of CPUs", whole.substr(0, 60)));
    }
    for (std::uint64_t cpu = *first; cpu <= *last; ++cpu) cpus.push_back(static_cast<int>(cpu));
  }
  if (cpus.empty()) return absl::InvalidArgumentError("an empty list of CPUs");
  return cpus;
}

absl::StatusOr<std::vector<int>> OnlineCpus(const std::string& root) {
  const std::string path = root + "/sys/devices/system/cpu/online";
  absl::StatusOr<std::string> text = ReadFile(path, 4096);
  if (!text.ok()) return text.status();
  return ParseCpuList(*text);
}

}  // namespace hypertier::agent
