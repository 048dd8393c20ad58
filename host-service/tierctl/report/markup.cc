// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/markup.h"

#include <algorithm>
#include <utility>

#include "common/utf8.h"

namespace hypertier::tierctl::report {

std::string Escape(std::string_view text, std::size_t limit) {
  std::string escaped;
  for (const char c : Printable(text, limit)) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  // The two that are characters for UTF-8 and none for XML.
  for (const auto& [character, shown] :
       {std::pair<std::string_view, std::string_view>{"\xef\xbf\xbe", "\\u{fffe}"}, {"\xef\xbf\xbf", "\\u{ffff}"}}) {
    for (std::size_t at = 0; (at = escaped.find(character, at)) != std::string::npos;) {
      escaped.replace(at, character.size(), shown);
    }
  }
  return escaped;
}

std::string Shorten(std::string_view text, std::size_t columns) {
  std::size_t used = 0;
  std::size_t end = 0;
  std::size_t before_last = 0;
  while (end < text.size()) {
    if (used == columns) return std::string(text.substr(0, before_last)) + "…";
    before_last = end;
    end += std::max<std::size_t>(1, DecodeUtf8(text.substr(end)).length);
    ++used;
  }
  return std::string(text);
}

}  // namespace hypertier::tierctl::report
