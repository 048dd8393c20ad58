// SPDX-License-Identifier: Apache-2.0
#include "common/metric.h"

#include <fmt/format.h>

#include <algorithm>

namespace hypertier {

std::string_view MetricTypeName(MetricType type) {
  switch (type) {
    case MetricType::kGauge:
      return "gauge";
    case MetricType::kCounter:
      return "counter";
    case MetricType::kHistogram:
      return "histogram";
  }
  return "untyped";
}

std::string MetricFault(const MetricDefinition& metric) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz_";
  const bool counter = metric.type == MetricType::kCounter;
  if (!metric.name.starts_with("hypertier_")) return "its name does not begin with hypertier_";
  if (metric.name.find_first_not_of(kLetters) != metric.name.npos) return "its name has more than letters and _";
  if (metric.name.ends_with("_total") != counter) return "_total is the end of counters' names, and of no others";
  if (!metric.unit.empty()) {
    const std::string end = fmt::format("_{}{}", metric.unit, counter ? "_total" : "");
    if (!metric.name.ends_with(end)) return "its name does not end with its unit";
  }
  if (metric.labels.find_first_not_of("abcdefghijklmnopqrstuvwxyz_,") != metric.labels.npos) return "odd labels";
  if (!metric.help.ends_with(".")) return "its help is not a sentence";
  return {};
}

std::string MetricReference(const MetricDefinition& metric) {
  std::string labels;
  std::string_view rest = metric.labels;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    labels += fmt::format("{}`{}`", labels.empty() ? "" : ", ", rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return fmt::format("| `{}` | {} | {} | {} | {} |\n", metric.name, MetricTypeName(metric.type), metric.unit, labels,
                     metric.help);
}

}  // namespace hypertier
