// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "host-service/metrics/table.h"

namespace hypertier::metrics {

// One family for each line of the table, filled series by series.
class Families {
 public:
  Families() : families_(kDefinitions.size()) {
    for (const Definition& definition : kDefinitions) {
      prometheus::MetricFamily& family = families_[static_cast<std::size_t>(definition.metric)];
      family.name = definition.name;
      family.help = definition.help;
      family.type = definition.counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge;
    }
  }

  // `values`: of the metric's labels, in the table's order.
  void Add(Metric metric, std::initializer_list<std::string_view> values, double value) {
    const Definition& definition = DefinitionOf(metric);
    prometheus::ClientMetric series;
    series.label.reserve(values.size());
    std::string_view names = definition.labels;
    for (const std::string_view label : values) {
      const std::size_t comma = std::min(names.find(','), names.size());
      series.label.push_back({std::string(names.substr(0, comma)), std::string(label)});
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
    (definition.counter ? series.counter.value : series.gauge.value) = value;
    families_[static_cast<std::size_t>(metric)].metric.push_back(std::move(series));
  }

  // Without the families that have nothing to show.
  std::vector<prometheus::MetricFamily> Take() && {
    std::erase_if(families_, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
    return std::move(families_);
  }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

inline double Number(Bytes bytes) {
  return static_cast<double>(bytes.count());
}
inline double Number(std::uint64_t count) {
  return static_cast<double>(count);
}

}  // namespace hypertier::metrics
