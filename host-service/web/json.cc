// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/json.h"

#include <fmt/format.h>

#include <cmath>

#include "common/escape_json.h"

namespace hypertier::web {

void JsonWriter::Separate() {
  if (comma_) text_ += ',';
}

JsonWriter& JsonWriter::Open(char bracket) {
  Separate();
  text_ += bracket;
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Close(char bracket) {
  text_ += bracket;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Bare(std::string_view text) {
  Separate();
  text_ += text;
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Number(std::uint64_t number) {
  const fmt::format_int text(number);
  return Bare({text.data(), text.size()});
}

JsonWriter& JsonWriter::Key(std::string_view name) {
  Separate();
  Quote(name);
  text_ += ':';
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::Value(std::string_view text) {
  Separate();
  Quote(text);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::Value(std::int64_t number) {
  const fmt::format_int text(number);
  return Bare({text.data(), text.size()});
}

JsonWriter& JsonWriter::Value(double number) {
  if (!std::isfinite(number)) return Null();
  // The shortest text that is this number again.
  return Bare(fmt::format("{}", number));
}

JsonWriter& JsonWriter::Value(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return Null();
  return Value(absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone()));
}

void JsonWriter::Quote(std::string_view text) {
  text_ += '"';
  text_ += EscapeJson(text);
  text_ += '"';
}

}  // namespace hypertier::web
