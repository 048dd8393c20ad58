// SPDX-License-Identifier: Apache-2.0
#include "common/metric.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "common/duration_histogram.h"

namespace hypertier {
namespace {

using ::testing::HasSubstr;

constexpr MetricDefinition kGood{"hypertier_moved_bytes_total", MetricType::kCounter, "bytes", "vm,how",
                                 "What was moved."};

TEST(Metric, NamesFollowPrometheusRules) {
  EXPECT_EQ(MetricFault(kGood), "");
  const auto fault_of = [](auto change) {
    MetricDefinition metric = kGood;
    change(metric);
    return MetricFault(metric);
  };
  EXPECT_THAT(fault_of([](auto& m) { m.name = "moved_bytes_total"; }), HasSubstr("hypertier_"));
  EXPECT_THAT(fault_of([](auto& m) { m.name = "hypertier_moved-bytes_total"; }), HasSubstr("letters"));
  EXPECT_THAT(fault_of([](auto& m) { m.type = MetricType::kGauge; }), HasSubstr("_total"));
  EXPECT_THAT(fault_of([](auto& m) { m.unit = "seconds"; }), HasSubstr("unit"));
  EXPECT_THAT(fault_of([](auto& m) { m.labels = "vm how"; }), HasSubstr("labels"));
  EXPECT_THAT(fault_of([](auto& m) { m.help = "What"; }), HasSubstr("sentence"));
}

TEST(Metric, AReferenceSaysAll) {
  EXPECT_EQ(MetricReference(kGood),
            "| `hypertier_moved_bytes_total` | counter | bytes | `vm`, `how` | What was moved. |\n");
}

TEST(DurationHistogram, CountsInTheBucketWhoseBoundIsNotPassed) {
  DurationHistogram histogram;
  histogram.Observe(std::chrono::microseconds(30));
  histogram.Observe(std::chrono::microseconds(31));
  histogram.Observe(std::chrono::seconds(60));
  EXPECT_EQ(histogram.count(0), 1u);
  EXPECT_EQ(histogram.count(1), 1u);
  EXPECT_EQ(histogram.count(DurationHistogram::kBounds.size()), 1u);
  EXPECT_DOUBLE_EQ(histogram.seconds(), 60.000061);
}

}  // namespace
}  // namespace hypertier
