// SPDX-License-Identifier: Apache-2.0
//
// Text of guests and tenants becomes fit for logs and terminals here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hypertier {

struct Utf8Char {
  char32_t point;
  // In bytes; 0: the first byte begins no valid sequence.
  std::size_t length;
};

// The code point at the beginning of `text`, which is not empty. Overlong forms, surrogates and what lies beyond
// Unicode are not valid.
Utf8Char DecodeUtf8(std::string_view text);

// `text` as valid UTF-8 of at most `limit` bytes without anything that could act on a terminal or mislead a reader:
// control characters, line separators and characters that change the writing direction become \u{...}, bytes that are
// no UTF-8 become \x...
std::string Printable(std::string_view text, std::size_t limit);

}  // namespace hypertier
