// SPDX-License-Identifier: Apache-2.0
//
// Small helpers on std::string_view. Debian builds abseil with a string_view of its own, so abseil's string functions
// do not take std's: we use abseil for Status and Time, fmt for formatting, and these.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hypertier {

// Without white space at both ends.
inline std::string_view Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

// Takes the next word off `text`; words are parted by spaces and tabs. Empty at the end.
inline std::string_view NextWord(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  const std::size_t end = std::min(text.find_first_of(" \t", begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

// ASCII only.
inline std::string ToLower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

// A whole decimal number: no sign, no white space, nothing behind it.
inline std::optional<std::uint64_t> ParseUint64(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

// std::string of an abseil view, e.g. of Status::message().
template <typename View>
std::string ToString(const View& view) {
  return std::string(view.data(), view.size());
}

}  // namespace hypertier
