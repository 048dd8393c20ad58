// SPDX-License-Identifier: Apache-2.0
#include "common/escape_json.h"

#include <fmt/format.h>

#include <cstdint>

#include "common/utf8.h"

namespace hypertier {

std::string EscapeJson(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  while (!text.empty()) {
    const Utf8Char next = DecodeUtf8(text);
    const char32_t point = next.point;
    if (next.length == 0) {
      // The sign for what is no character.
      escaped += "\\ufffd";
      text.remove_prefix(1);
      continue;
    }
    if (point == '"' || point == '\\') {
      escaped += '\\';
      escaped += static_cast<char>(point);
    } else if (point < 0x20 || point == 0x7f || point == '<' || point == '>' || point == '&' || point == 0x2028 ||
               point == 0x2029) {
      escaped += fmt::format("\\u{:04x}", static_cast<std::uint32_t>(point));
    } else {
      escaped += text.substr(0, next.length);
    }
    text.remove_prefix(next.length);
  }
  return escaped;
}

}  // namespace hypertier
