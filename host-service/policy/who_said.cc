// SPDX-License-Identifier: Apache-2.0
#include "host-service/policy/who_said.h"

#include <fmt/format.h>

#include "host-service/policy/parse.h"

namespace hypertier::policy {
namespace {

struct Source {
  TierTerms terms;
  std::string whose;
};

// All that speak of the tier, the class last.
std::vector<Source> SourcesOf(std::span<const Word> by_authority, const Classes& classes, TierId tier) {
  std::vector<Source> sources;
  std::string name;
  for (const Word& word : by_authority) {
    sources.push_back({word.terms->terms[tier], std::string(word.whose)});
    if (name.empty()) name = word.terms->qos_class;
  }
  if (const auto found = classes.find(name); found != classes.end()) {
    sources.push_back({found->second[tier], "class " + name});
  }
  return sources;
}

// " (25 %, class gold)"; without anybody's word " (`otherwise`)".
template <typename T>
std::string First(const std::vector<Source>& sources, std::optional<T> TierTerms::*field, std::string_view otherwise) {
  for (const Source& source : sources) {
    const std::optional<T>& said = source.terms.*field;
    if (!said) continue;
    if constexpr (std::is_same_v<T, Amount>) {
      if (said->percent()) return fmt::format(" ({}, {})", FormatAmount(*said), source.whose);
    }
    return fmt::format(" ({})", source.whose);
  }
  return fmt::format(" ({})", otherwise);
}

}  // namespace

std::string WhoSaid(std::span<const Word> by_authority, const Classes& classes, TierId tier,
                    const qos::TierPolicy& promised) {
  const std::vector<Source> sources = SourcesOf(by_authority, classes, tier);
  return fmt::format("reservation {}{}, limit {}{}, {}{}", FormatBytes(promised.reservation),
                     First(sources, &TierTerms::reservation, "by default"), FormatBytes(promised.limit),
                     First(sources, &TierTerms::limit, "its cell"), FormatShares(promised.shares),
                     First(sources, &TierTerms::shares, "by default"));
}

}  // namespace hypertier::policy
