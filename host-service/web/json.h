// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "common/bytes.h"

namespace hypertier::web {

// Writes JSON from left to right into one string. Texts may be anything: what is no UTF-8 becomes U+FFFD, and what
// could end a <script> or a line of JavaScript is written as \u....
class JsonWriter {
 public:
  explicit JsonWriter(std::size_t expected = 0) { text_.reserve(expected); }

  // The name of the next value of an object.
  JsonWriter& Key(std::string_view name);

  JsonWriter& BeginObject() { return Open('{'); }
  JsonWriter& EndObject() { return Close('}'); }
  JsonWriter& BeginArray() { return Open('['); }
  JsonWriter& EndArray() { return Close(']'); }

  JsonWriter& Value(std::string_view text);
  // Without it a literal would be taken for a bool.
  JsonWriter& Value(const char* text) { return Value(std::string_view(text)); }
  JsonWriter& Value(const std::string& text) { return Value(std::string_view(text)); }
  JsonWriter& Value(std::same_as<bool> auto truth) { return Bare(truth ? "true" : "false"); }
  JsonWriter& Value(std::unsigned_integral auto number) requires(!std::same_as<decltype(number), bool>) {
    return Number(number);
  }
  JsonWriter& Value(std::int64_t number);
  // What is no number in JSON (infinite, not a number) becomes null.
  JsonWriter& Value(double number);
  JsonWriter& Value(Bytes bytes) { return Number(bytes.count()); }
  // RFC 3339 in UTC; null for what is not known (the infinite past).
  JsonWriter& Value(absl::Time time);
  JsonWriter& Null() { return Bare("null"); }

  template <typename T>
  JsonWriter& Value(const std::optional<T>& value) {
    return value ? Value(*value) : Null();
  }

  template <typename T>
  JsonWriter& Field(std::string_view name, const T& value) {
    return Key(name).Value(value);
  }

  std::string Take() && { return std::move(text_); }

 private:
  JsonWriter& Open(char bracket);
  JsonWriter& Close(char bracket);
  JsonWriter& Bare(std::string_view text);
  JsonWriter& Number(std::uint64_t number);
  void Separate();
  void Quote(std::string_view text);

  std::string text_;
  // The next value is not the first of its object or array.
  bool comma_ = false;
};

}  // namespace hypertier::web
