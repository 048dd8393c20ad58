// SPDX-License-Identifier: Apache-2.0
//
// What a metric is. Each program has one table of its metrics, which it renders by and its documentation is made from.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hypertier {

enum class MetricType { kGauge, kCounter, kHistogram };

struct MetricDefinition {
  std::string_view name;
  MetricType type;
  // Base unit; empty: a plain number.
  std::string_view unit;
  // Separated by commas.
  std::string_view labels;
  std::string_view help;
};

// One line of a table: what `metric` of an enumeration that ends with kCount is.
template <typename Metric>
struct MetricRow {
  Metric metric;
  MetricDefinition definition;
};

template <typename Metric>
using MetricTable = std::array<MetricRow<Metric>, static_cast<std::size_t>(Metric::kCount)>;

// That the rows come in the enumeration's order, so that a metric is its own index.
template <typename Metric>
consteval bool InOrder(const MetricTable<Metric>& table) {
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (table[i].metric != static_cast<Metric>(i)) return false;
  }
  return true;
}

// "gauge", "counter" or "histogram".
std::string_view MetricTypeName(MetricType type);

// What is wrong with the definition by Prometheus' rules for names and by ours, in words; empty: nothing.
std::string MetricFault(const MetricDefinition& definition);

// A row of the table in docs/metrics.md.
std::string MetricReference(const MetricDefinition& definition);

// All of them.
template <typename Metric>
std::string MetricsReference(const MetricTable<Metric>& table) {
  std::string text;
  for (const MetricRow<Metric>& row : table) text += MetricReference(row.definition);
  return text;
}

}  // namespace hypertier
