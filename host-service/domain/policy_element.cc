// SPDX-License-Identifier: Apache-2.0
#include "host-service/domain/policy_element.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "common/text.h"
#include "host-service/domain/xml_edit.h"
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

// For ParseBytes, and for people.
std::string BytesText(Bytes amount) {
  const std::uint64_t bytes = amount.count();
  for (const auto& [shift, unit] : {std::pair{30, "GiB"}, {20, "MiB"}, {10, "KiB"}}) {
    if (bytes != 0 && bytes % (std::uint64_t{1} << shift) == 0) return fmt::format("{}{}", bytes >> shift, unit);
  }
  return fmt::format("{}", bytes);
}

// For ParseAmount.
std::string AmountText(const policy::Amount& amount) {
  if (amount.percent()) return fmt::format("{:g}%", *amount.percent());
  return BytesText(amount.bytes());
}

absl::StatusOr<Bytes> ParseMoveRate(std::string_view text) {
  return CheckMoveRate(ParseBytes(text));
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

absl::StatusOr<Bytes> CheckMoveRate(absl::StatusOr<Bytes> rate) {
  if (rate.ok() && *rate == Bytes()) {
    return absl::InvalidArgumentError("0 would leave hot memory in SMEM; write what may be moved in a second");
  }
  return rate;
}

std::optional<Bytes> ReadMoveRate(const pugi::xml_node& element, std::vector<std::string>& problems) {
  std::optional<Bytes> rate;
  Read(element, "move-rate", ParseMoveRate, rate, problems);
  return rate;
}

void WritePolicy(const policy::VmTerms& said, std::string_view prefix, pugi::xml_node element) {
  if (said.mode) SetAttribute(element, "mode", policy::ModeName(*said.mode));
  if (!said.qos_class.empty()) SetAttribute(element, "class", said.qos_class);
  for (const TierId tier : kTiers) {
    const policy::TierTerms& terms = said.terms[tier];
    if (terms == policy::TierTerms{}) continue;
    pugi::xml_node child = ChildOf(element, fmt::format("{}{}", prefix, TierName(tier)).c_str());
    if (terms.reservation) SetAttribute(child, "reservation", AmountText(*terms.reservation));
    if (terms.limit) SetAttribute(child, "limit", AmountText(*terms.limit));
    if (terms.shares) SetAttribute(child, "shares", fmt::format("{:g}", *terms.shares));
  }
}

void WriteMoveRate(Bytes per_second, pugi::xml_node element) {
  SetAttribute(element, "move-rate", BytesText(per_second));
}

}  // namespace hypertier::domain
