// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/prometheus.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>

#include "common/text.h"

namespace hypertier::tierctl {
namespace {

using google::protobuf::ListValue;
using google::protobuf::Struct;
using google::protobuf::Value;

constexpr long kTimeoutS = 30;
// A day of a host with a thousand VMs takes a few MiB.
constexpr std::size_t kMostAnswer = std::size_t{64} << 20;

const Value& Field(const Value& of, const char* name) {
  static const Value kNone;
  const auto found = of.struct_value().fields().find(name);
  return found == of.struct_value().fields().end() ? kNone : found->second;
}

// [time in seconds, "value"].
std::optional<Sample> ReadSample(const ListValue& pair) {
  if (pair.values_size() != 2) return std::nullopt;
  const std::string& text = pair.values(1).string_value();
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !std::isfinite(value)) return std::nullopt;
  return Sample{absl::UnixEpoch() + absl::Seconds(pair.values(0).number_value()), value};
}

std::size_t Append(char* data, std::size_t size, std::size_t count, void* into) {
  std::string& answer = *static_cast<std::string*>(into);
  if (answer.size() + size * count > kMostAnswer) return 0;
  answer.append(data, size * count);
  return size * count;
}

std::string Parameter(CURL* curl, const char* name, const std::string& value) {
  const std::unique_ptr<char, void (*)(void*)> escaped(
      curl_easy_escape(curl, value.data(), static_cast<int>(value.size())), curl_free);
  return fmt::format("{}={}", name, escaped.get());
}

std::string Seconds(absl::Time time) {
  return fmt::format("{:.3f}", absl::ToDoubleSeconds(time - absl::UnixEpoch()));
}

}  // namespace

absl::StatusOr<std::vector<Series>> ParseAnswer(std::string_view json) {
  Struct parsed;
  const auto status = google::protobuf::util::JsonStringToMessage({json.data(), json.size()}, &parsed);
  Value answer;
  *answer.mutable_struct_value() = std::move(parsed);
  if (!status.ok() || Field(answer, "status").string_value().empty()) {
    return absl::InternalError("the answer is not one of Prometheus");
  }
  if (Field(answer, "status").string_value() != "success") {
    return absl::InvalidArgumentError(Field(answer, "error").string_value());
  }
  std::vector<Series> all;
  for (const Value& result : Field(Field(answer, "data"), "result").list_value().values()) {
    Series series;
    for (const auto& [name, label] : Field(result, "metric").struct_value().fields()) {
      series.labels[name] = label.string_value();
    }
    for (const Value& pair : Field(result, "values").list_value().values()) {
      if (const std::optional<Sample> sample = ReadSample(pair.list_value())) series.samples.push_back(*sample);
    }
    if (!series.samples.empty()) all.push_back(std::move(series));
  }
  return all;
}

absl::StatusOr<std::vector<Series>> Prometheus::Query(const std::string& promql, const Range& range) const {
  const std::unique_ptr<CURL, void (*)(CURL*)> curl(curl_easy_init(), curl_easy_cleanup);
  if (curl == nullptr) return absl::InternalError("libcurl cannot be set up");
  const std::string url = url_ + (url_.ends_with('/') ? "api/v1/query_range" : "/api/v1/query_range");
  const std::string body = fmt::format(
      "{}&{}&{}&{}", Parameter(curl.get(), "query", promql), Parameter(curl.get(), "start", Seconds(range.begin)),
      Parameter(curl.get(), "end", Seconds(range.end)),
      Parameter(curl.get(), "step", fmt::format("{:.3f}", absl::ToDoubleSeconds(range.step))));
  std::string answer;
  char why[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, kTimeoutS);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, Append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &answer);
  const CURLcode code = curl_easy_perform(curl.get());
  if (code != CURLE_OK) {
    return absl::UnavailableError(fmt::format("Prometheus at {} does not answer: {}; name it with --prometheus URL",
                                              url_, *why != '\0' ? why : curl_easy_strerror(code)));
  }
  absl::StatusOr<std::vector<Series>> all = ParseAnswer(answer);
  if (all.ok() || !absl::IsInternal(all.status())) return all;
  long http = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &http);
  return absl::InternalError(
      fmt::format("{} (HTTP {}): {}; is it Prometheus?", url_, http, ToString(all.status().message())));
}

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '\n') {
      quoted += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace hypertier::tierctl
