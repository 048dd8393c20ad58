// SPDX-License-Identifier: Apache-2.0
//
// Questions to Prometheus. An error says which flag is to blame or what to do, as far as that is known.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "host-service/tierctl/report/span.h"

namespace hypertier::tierctl::report {

using Labels = std::map<std::string, std::string>;

// A value for each point of a span; NaN where there is none.
using Values = std::vector<double>;

struct Series {
  Labels labels;
  Values values;
};

struct Sample {
  Labels labels;
  double value = 0;
};

// metric{name="value",...}, whatever the values hold.
std::string Select(std::string_view metric, const std::vector<std::pair<std::string, std::string>>& labels);

// What /api/v1/query_range and /api/v1/query answer with. InvalidArgument: Prometheus says that the query is wrong;
// FailedPrecondition: this is no answer of Prometheus.
absl::StatusOr<std::vector<Series>> ParseRange(const std::string& body, const Span& span);
absl::StatusOr<std::vector<Sample>> ParseInstant(const std::string& body);

class Prometheus {
 public:
  // `url` as given with --prometheus. InvalidArgument: it is no URL that can be asked.
  static absl::StatusOr<Prometheus> At(const std::string& url);

  absl::StatusOr<std::vector<Series>> Range(const std::string& query, const Span& span) const;
  absl::StatusOr<std::vector<Sample>> Instant(const std::string& query, std::time_t at) const;

  // For people: without a password.
  const std::string& shown() const { return shown_; }

 private:
  Prometheus(std::string url, std::string shown) : url_(std::move(url)), shown_(std::move(shown)) {}
  absl::StatusOr<std::string> Get(const std::string& path_and_query) const;
  // What came back, with where it came from.
  absl::Status Blame(const absl::Status& status, const std::string& query) const;

  std::string url_;
  std::string shown_;
};

}  // namespace hypertier::tierctl::report
