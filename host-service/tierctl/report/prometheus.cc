// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/prometheus.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/text.h"
#include "common/utf8.h"
#include "host-service/tierctl/report/http.h"

namespace hypertier::tierctl::report {
namespace {

using nlohmann::json;

// Of texts that go into a message.
constexpr std::size_t kTextLimit = 300;

// Text of `object[name]`; nothing where that is no text.
std::string TextOf(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

absl::Status NotPrometheus(const std::string& what) {
  return absl::FailedPreconditionError(what);
}

// The result of a query that went well, of `type` ("matrix", "vector").
absl::StatusOr<json> Result(const std::string& body, const char* type) {
  json answer = json::parse(body, nullptr, false);
  if (!answer.is_object() || !answer.contains("status")) {
    return NotPrometheus(fmt::format("it answered \"{}\"", Printable(Trim(body), 80)));
  }
  if (TextOf(answer, "status") != "success") {
    return absl::InvalidArgumentError(
        Printable(fmt::format("{}: {}", TextOf(answer, "errorType"), TextOf(answer, "error")), kTextLimit));
  }
  const auto data = answer.find("data");
  if (data == answer.end() || !data->is_object() || TextOf(*data, "resultType") != type || !data->contains("result") ||
      !(*data)["result"].is_array()) {
    return NotPrometheus(fmt::format("its answer holds no {}", type));
  }
  return std::move((*data)["result"]);
}

absl::StatusOr<Labels> LabelsOf(const json& series) {
  const auto metric = series.is_object() ? series.find("metric") : series.end();
  if (metric == series.end() || !metric->is_object()) return NotPrometheus("a series without labels");
  Labels labels;
  for (const auto& [name, value] : metric->items()) {
    if (!value.is_string()) return NotPrometheus("a label that is no text");
    labels.emplace(name, value.get<std::string>());
  }
  return labels;
}

struct Point {
  double time = 0;
  // NaN for what is no finite number.
  double value = std::numeric_limits<double>::quiet_NaN();
};

// [1700000000.123, "42"].
std::optional<Point> PointOf(const json& pair) {
  if (!pair.is_array() || pair.size() != 2 || !pair[0].is_number() || !pair[1].is_string()) return std::nullopt;
  Point point{.time = pair[0].get<double>()};
  const std::string& text = pair[1].get_ref<const std::string&>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && std::isfinite(value)) point.value = value;
  return point;
}

}  // namespace

std::string Select(std::string_view metric, const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string selector;
  for (const auto& [name, value] : labels) {
    std::string escaped;
    for (const char c : value) {
      if (c == '\\' || c == '"') {
        escaped += '\\';
        escaped += c;
      } else if (c == '\n') {
        escaped += "\\n";
      } else {
        escaped += c;
      }
    }
    selector += fmt::format("{}{}=\"{}\"", selector.empty() ? "" : ",", name, escaped);
  }
  return fmt::format("{}{{{}}}", metric, selector);
}

absl::StatusOr<std::vector<Series>> ParseRange(const std::string& body, const Span& span) {
  const auto result = Result(body, "matrix");
  if (!result.ok()) return result.status();
  std::vector<Series> all;
  for (const json& one : *result) {
    auto labels = LabelsOf(one);
    if (!labels.ok()) return labels.status();
    Series series{*std::move(labels), Values(span.size(), std::numeric_limits<double>::quiet_NaN())};
    const auto values = one.find("values");
    if (values == one.end() || !values->is_array()) return NotPrometheus("a series without values");
    for (const json& pair : *values) {
      const auto point = PointOf(pair);
      if (!point) return NotPrometheus("a value that is none");
      const double index = (point->time - static_cast<double>(span.from)) / static_cast<double>(span.step);
      if (index < -0.5 || index >= static_cast<double>(span.size()) - 0.5) continue;
      series.values[static_cast<std::size_t>(std::lround(index))] = point->value;
    }
    all.push_back(std::move(series));
  }
  return all;
}

absl::StatusOr<std::vector<Sample>> ParseInstant(const std::string& body) {
  const auto result = Result(body, "vector");
  if (!result.ok()) return result.status();
  std::vector<Sample> all;
  for (const json& one : *result) {
    auto labels = LabelsOf(one);
    if (!labels.ok()) return labels.status();
    const auto value = one.find("value");
    const auto point = value == one.end() ? std::nullopt : PointOf(*value);
    if (!point) return NotPrometheus("a value that is none");
    all.push_back({*std::move(labels), point->value});
  }
  return all;
}

absl::StatusOr<Prometheus> Prometheus::At(const std::string& url) {
  const std::string scheme = ToLower(url.substr(0, 8));
  const std::size_t prefix = scheme == "https://" ? 8 : scheme.starts_with("http://") ? 7 : 0;
  if (prefix == 0 || url.size() == prefix || url.find_first_of("?# \t\n") != std::string::npos) {
    return absl::InvalidArgumentError(
        fmt::format("--prometheus \"{}\" is no address of a Prometheus: write http://HOST:9090 or https://HOST/PATH",
                    Printable(WithoutPassword(url), kTextLimit)));
  }
  std::string base = url;
  while (base.ends_with('/')) base.pop_back();
  std::string shown = Printable(WithoutPassword(base), kTextLimit);
  return Prometheus(std::move(base), std::move(shown));
}

absl::StatusOr<std::string> Prometheus::Get(const std::string& path_and_query) const {
  auto answer = HttpGet(url_ + path_and_query);
  if (absl::IsUnavailable(answer.status())) {
    return absl::UnavailableError(
        fmt::format("no answer from Prometheus at {}: {}\nIs it running, and is --prometheus right?", shown_,
                    Printable(ToString(answer.status().message()), kTextLimit)));
  }
  if (!answer.ok()) {
    return absl::Status(answer.status().code(),
                        fmt::format("{}: {}: ask for less with --last", shown_, ToString(answer.status().message())));
  }
  if (answer->status >= 300 && answer->status < 400) {
    return absl::FailedPreconditionError(
        fmt::format("{} sends us on to {}: give --prometheus the address that it is at", shown_,
                    Printable(WithoutPassword(answer->location), kTextLimit)));
  }
  if (answer->status == 401 || answer->status == 403) {
    return absl::FailedPreconditionError(
        fmt::format("{} wants to know who asks (HTTP {}): give --prometheus user and password in the address, as "
                    "https://USER:PASSWORD@HOST",
                    shown_, answer->status));
  }
  return std::move(answer->body);
}

absl::Status Prometheus::Blame(const absl::Status& status, const std::string& query) const {
  if (absl::IsFailedPrecondition(status)) {
    return absl::FailedPreconditionError(fmt::format("{} is no Prometheus, {}: give --prometheus the address of one",
                                                     shown_, ToString(status.message())));
  }
  return absl::InternalError(fmt::format("Prometheus at {} does not answer the query {}: {}", shown_,
                                         Printable(query, kTextLimit), ToString(status.message())));
}

absl::StatusOr<std::vector<Series>> Prometheus::Range(const std::string& query, const Span& span) const {
  const auto body = Get(fmt::format("/api/v1/query_range?query={}&start={}&end={}&step={}", UrlEncode(query), span.from,
                                    span.to, span.step));
  if (!body.ok()) return body.status();
  auto series = ParseRange(*body, span);
  if (!series.ok()) return Blame(series.status(), query);
  return series;
}

absl::StatusOr<std::vector<Sample>> Prometheus::Instant(const std::string& query, std::time_t at) const {
  const auto body = Get(fmt::format("/api/v1/query?query={}&time={}", UrlEncode(query), at));
  if (!body.ok()) return body.status();
  auto samples = ParseInstant(*body);
  if (!samples.ok()) return Blame(samples.status(), query);
  return samples;
}

}  // namespace hypertier::tierctl::report
