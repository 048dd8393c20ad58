// SPDX-License-Identifier: Apache-2.0
#include "common/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace hypertier {
namespace {

bool IsHarmful(char32_t point) {
  return point < 0x20 || (point >= 0x7f && point <= 0x9f)         // C0, DEL, C1
         || point == 0x61c || point == 0x200e || point == 0x200f  // marks of direction
         || (point >= 0x2028 && point <= 0x202e)                  // line and paragraph separators, embeddings
         || (point >= 0x2066 && point <= 0x2069)                  // isolates
         || point == 0xfeff || point >= 0xe0000;                  // byte order mark, tags and private planes
}

}  // namespace

Utf8Char DecodeUtf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  char32_t point = 0;
  char32_t least = 0;
  if ((first & 0xe0) == 0xc0) {
    length = 2, point = first & 0x1f, least = 0x80;
  } else if ((first & 0xf0) == 0xe0) {
    length = 3, point = first & 0x0f, least = 0x800;
  } else if ((first & 0xf8) == 0xf0) {
    length = 4, point = first & 0x07, least = 0x10000;
  }
  if (length == 0 || text.size() < length) return {0, 0};
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {0, 0};
    point = (point << 6) | (byte(i) & 0x3f);
  }
  if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return {0, 0};
  return {point, length};
}

std::string Printable(std::string_view text, std::size_t limit) {
  std::string clean;
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8(text);
    const std::size_t length = std::max<std::size_t>(next.length, 1);
    std::string shown(text.substr(0, length));
    if (next.length == 0) {
      shown = fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (IsHarmful(next.point)) {
      shown = fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(next.point));
    }
    if (clean.size() + shown.size() > limit) break;
    clean += shown;
    text.remove_prefix(length);
  }
  return clean;
}

}  // namespace hypertier
