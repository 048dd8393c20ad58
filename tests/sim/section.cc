// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/section.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/text.h"
#include "host-service/config/checks.h"
#include "host-service/policy/parse.h"

namespace hypertier::sim {

std::string Section::NameOf(std::string_view field) const {
  return name_.empty() ? std::string(field) : fmt::format("{}.{}", name_, field);
}

const toml::node* Section::Find(std::string_view field) {
  known_.emplace(field);
  return table_.get(field);
}

void Section::Read(std::string_view field, double least, double most, double& value) {
  const toml::node* node = Find(field);
  if (node == nullptr) return;
  // Whole numbers are numbers, too; a boolean is none.
  const std::optional<double> number = node->is_number() ? node->value<double>() : std::nullopt;
  if (!number || !std::isfinite(*number)) {
    Wrong(field, fmt::format("wrong type; write a number from {} to {}", least, most));
  } else if (*number < least || *number > most) {
    Wrong(field, fmt::format("{} is out of range; write {} to {}", *number, least, most));
  } else {
    value = *number;
  }
}

void Section::ReadCount(std::string_view field, std::int64_t least, std::int64_t most, std::int64_t& value) {
  const toml::node* node = Find(field);
  if (node == nullptr) return;
  const std::optional<std::int64_t> number = node->value_exact<std::int64_t>();
  if (!number) {
    Wrong(field, fmt::format("wrong type; write a whole number from {} to {}", least, most));
  } else if (*number < least || *number > most) {
    Wrong(field, fmt::format("{} is out of range; write {} to {}", *number, least, most));
  } else {
    value = *number;
  }
}

void Section::Read(std::string_view field, bool& value) {
  const toml::node* node = Find(field);
  if (node == nullptr) return;
  const std::optional<bool> given = node->value_exact<bool>();
  if (!given) return Wrong(field, "wrong type; write true or false");
  value = *given;
}

void Section::Read(std::string_view field, std::string& value) {
  const toml::node* node = Find(field);
  if (node == nullptr) return;
  const std::optional<std::string> given = node->value_exact<std::string>();
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  // So that it needs no quoting wherever it is printed.
  if (!given || given->empty() || !std::ranges::all_of(*given, plain)) {
    return Wrong(field, "no name; write letters, digits, - and _ in quotes");
  }
  value = *given;
}

void Section::Read(std::string_view field, Bytes& value) {
  ReadAmount(field, Bytes(), false, value);
}

void Section::Read(std::string_view field, Bytes whole, Bytes& value) {
  ReadAmount(field, whole, true, value);
}

void Section::ReadAmount(std::string_view field, Bytes whole, bool percent, Bytes& value) {
  const toml::node* node = Find(field);
  if (node == nullptr) return;
  const std::optional<std::string> given = node->value_exact<std::string>();
  const std::string_view forms = percent ? "\"64GiB\" or \"20%\"" : "\"64GiB\"";
  if (!given) return Wrong(field, fmt::format("wrong type; write a size in quotes: {}", forms));
  const absl::StatusOr<policy::Amount> amount = policy::ParseAmount(*given);
  if (!amount.ok()) return Wrong(field, ToString(amount.status().message()));
  if (amount->percent() && !percent) {
    return Wrong(field, fmt::format("a percentage, of nothing that is known here; write a size: {}", forms));
  }
  // Times as many VMs as there may be in a group, it is still a number of 64 bits.
  if (amount->bytes() > Bytes::GiB(std::uint64_t{1} << 16)) {
    return Wrong(field, "more than 64 TiB; write a smaller size");
  }
  value = PageDown(amount->In(whole));
}

void Section::ReadTableOf(const toml::node& node, const std::string& name, const std::function<void(Section&)>& read) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return errors_.Add(node.source().begin, name, "no table; write its fields as NAME = VALUE");
  Section section(*table, name, errors_);
  read(section);
  section.Close();
}

void Section::ReadTable(std::string_view field, const std::function<void(Section&)>& read) {
  if (const toml::node* node = Find(field)) ReadTableOf(*node, NameOf(field), read);
}

void Section::ReadTables(std::string_view field, const std::function<void(Section&)>& read) {
  const toml::node* node = Find(field);
  if (node == nullptr) return;
  const toml::array* tables = node->as_array();
  if (tables == nullptr) return Wrong(field, "a single table where a list is wanted; write double brackets, [[ ]]");
  if (tables->empty()) Wrong(field, "empty; write at least one, or leave it out");
  std::size_t index = 0;
  for (const toml::node& one : *tables) ReadTableOf(one, fmt::format("{}[{}]", NameOf(field), index++), read);
}

void Section::Require(std::string_view field, std::string_view remedy) {
  if (!Has(field)) errors_.Add(table_.source().begin, NameOf(field), fmt::format("missing; {}", remedy));
}

void Section::Wrong(std::string_view field, std::string_view text) {
  const toml::node* node = table_.get(field);
  errors_.Add((node != nullptr ? *node : table_).source().begin, NameOf(field), text);
}

void Section::Close() {
  for (const auto& [key, node] : table_) {
    const std::string name(key.str());
    if (known_.contains(name)) continue;
    const auto nearest = std::ranges::min_element(
        known_, {}, [&](const std::string& known) { return config::EditDistance(name, known); });
    const bool near = nearest != known_.end() && config::EditDistance(name, *nearest) <= name.size() / 2;
    std::string all;
    for (const std::string& known : known_) all += (all.empty() ? "" : ", ") + known;
    errors_.Add(key.source().begin, NameOf(name),
                near ? fmt::format("unknown key; did you mean {}?", *nearest)
                     : fmt::format("unknown key; remove it, or write one of {}", all));
  }
}

}  // namespace hypertier::sim
