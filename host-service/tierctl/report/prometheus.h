// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace hypertier::tierctl {

struct Sample {
  absl::Time time;
  // Finite.
  double value = 0;

  friend bool operator==(const Sample&, const Sample&) = default;
};

// One line of a chart: samples by age, a step apart where there are any.
struct Series {
  std::map<std::string, std::string> labels;
  std::vector<Sample> samples;
};

struct Range {
  absl::Time begin;
  absl::Time end;
  absl::Duration step;
};

// Prometheus's HTTP API, or anything that speaks it (Thanos, Mimir).
class Prometheus {
 public:
  // "http://127.0.0.1:9090", with a path or user:password@ where it has them.
  explicit Prometheus(std::string url) : url_(std::move(url)) {}

  // Waits 30 s at most. Unavailable: nobody answers; InvalidArgument: Prometheus refuses the query; Internal: what
  // comes back is no answer of Prometheus.
  absl::StatusOr<std::vector<Series>> Query(const std::string& promql, const Range& range) const;

 private:
  const std::string url_;
};

// Reads the answer to a range query. Values that are no numbers (NaN, Inf) are left out.
absl::StatusOr<std::vector<Series>> ParseAnswer(std::string_view json);

// A string as PromQL takes it, with its quotes.
std::string Quoted(std::string_view text);

}  // namespace hypertier::tierctl
