// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <prometheus/metric_family.h>

#include <algorithm>
#include <initializer_list>
#include <limits>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/duration_histogram.h"
#include "common/hit_curve.h"
#include "common/refusal.h"
#include "common/tier.h"
#include "host-service/metrics/table.h"

namespace hypertier::metrics {

// One family for each line of the table, filled series by series.
class Families {
 public:
  // `vms`: of how many VMs series will come, so that room is made for them once.
  explicit Families(std::size_t vms = 0) : families_(kTable.size()) {
    for (const MetricRow<Metric>& row : kTable) {
      prometheus::MetricFamily& family = families_[static_cast<std::size_t>(row.metric)];
      family.name = row.definition.name;
      family.help = row.definition.help;
      family.type = TypeOf(row.definition.type);
      if (row.definition.labels.starts_with("vm")) family.metric.reserve(vms * SeriesOfVm(row.definition.labels));
    }
  }

  // `values`: of the metric's labels, in the table's order.
  void Add(Metric metric, std::initializer_list<std::string_view> values, double value) {
    prometheus::ClientMetric& series = Series(metric, values);
    (DefinitionOf(metric).type == MetricType::kCounter ? series.counter.value : series.gauge.value) = value;
  }

  void Add(Metric metric, std::initializer_list<std::string_view> values, const DurationHistogram& durations) {
    prometheus::ClientMetric::Histogram& histogram = Series(metric, values).histogram;
    std::uint64_t below = 0;
    for (std::size_t i = 0; i <= DurationHistogram::kBounds.size(); ++i) {
      below += durations.count(i);
      const bool last = i == DurationHistogram::kBounds.size();
      histogram.bucket.push_back(
          {below, last ? std::numeric_limits<double>::infinity() : DurationHistogram::kBounds[i]});
    }
    histogram.sample_count = below;
    histogram.sample_sum = durations.seconds();
  }

  // Without the families that have nothing to show.
  std::vector<prometheus::MetricFamily> Take() && {
    std::erase_if(families_, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
    return std::move(families_);
  }

 private:
  // Of one metric of a VM, by its other label.
  static std::size_t SeriesOfVm(std::string_view labels) {
    if (labels == "vm,tier") return kTiers.size();
    if (labels == "vm,how" || labels == "vm,stage") return 3;
    if (labels == "vm,cell_percent") return kCellParts.size();
    if (labels == "vm,reason") return kRefusals;
    return 1;
  }

  static prometheus::MetricType TypeOf(MetricType type) {
    return type == MetricType::kCounter ? prometheus::MetricType::Counter
           : type == MetricType::kGauge ? prometheus::MetricType::Gauge
                                        : prometheus::MetricType::Histogram;
  }

  prometheus::ClientMetric& Series(Metric metric, std::initializer_list<std::string_view> values) {
    prometheus::ClientMetric& series = families_[static_cast<std::size_t>(metric)].metric.emplace_back();
    series.label.reserve(values.size());
    std::string_view names = DefinitionOf(metric).labels;
    for (const std::string_view label : values) {
      const std::size_t comma = std::min(names.find(','), names.size());
      series.label.push_back({std::string(names.substr(0, comma)), std::string(label)});
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
    return series;
  }

  std::vector<prometheus::MetricFamily> families_;
};

inline double Number(Bytes bytes) {
  return static_cast<double>(bytes.count());
}
inline double Number(std::uint64_t count) {
  return static_cast<double>(count);
}

}  // namespace hypertier::metrics
