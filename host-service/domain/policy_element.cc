// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/policy_element.h"

#include <fmt/format.h>

#include <optional>

#include "common/text.h"
#include "host-service/policy/parse.h"

namespace hypertier::domain {
namespace {

// Reads an attribute, if it is there, with a function that says why it cannot.
template <typename T>
void Read(const pugi::xml_node& node, const char* name, absl::StatusOr<T> (*parse)(std::string_view),
          std::optional<T>& into, std::vector<std::string>& problems) {
  const pugi::xml_attribute attribute = node.attribute(name);
  if (!attribute) return;
  const absl::StatusOr<T> value = parse(attribute.as_string());
  if (value.ok()) {
    into = *value;
  } else {
    problems.push_back(fmt::format("metadata <{}> {}: {}", LocalName(node), name, ToString(value.status().message())));
  }
}

}  // namespace

std::string_view LocalName(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

policy::VmTerms ReadPolicy(const pugi::xml_node& element, std::vector<std::string>& problems) {
  policy::VmTerms said;
  Read(element, "mode", policy::ParseMode, said.mode, problems);
  said.qos_class = element.attribute("class").as_string();
  for (const pugi::xml_node child : element.children()) {
    for (const TierId tier : kTiers) {
      if (LocalName(child) != TierName(tier)) continue;
      policy::TierTerms& terms = said.terms[tier];
      Read(child, "reservation", policy::ParseAmount, terms.reservation, problems);
      Read(child, "limit", policy::ParseAmount, terms.limit, problems);
      Read(child, "shares", policy::ParseShares, terms.shares, problems);
    }
  }
  return said;
}

}  // namespace hypertier::domain
