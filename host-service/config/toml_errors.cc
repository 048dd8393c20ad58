// SPDX-License-Identifier: Apache-2.0
#include "host-service/config/toml_errors.h"

#include <fmt/format.h>

#include <algorithm>

namespace hypertier::config {

void TomlErrors::Add(toml::source_position where, std::string_view name, std::string_view text) {
  errors_.push_back({where, name.empty() ? std::string(text) : fmt::format("{}: {}", name, text)});
}

absl::Status TomlErrors::Status() const {
  if (errors_.empty()) return absl::OkStatus();
  std::vector<Error> sorted = errors_;
  std::ranges::stable_sort(sorted, [](const Error& a, const Error& b) { return a.where < b.where; });
  std::string all;
  for (const Error& error : sorted) {
    all +=
        fmt::format("{}{}:{}:{}: {}", all.empty() ? "" : "\n", path_, error.where.line, error.where.column, error.text);
  }
  return absl::InvalidArgumentError(all);
}

}  // namespace hypertier::config
