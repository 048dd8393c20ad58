// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/line.h"

#include <wchar.h>

#include <algorithm>
#include <utility>

#include "common/utf8.h"
#include "host-service/tierctl/text_width.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl::top {

std::string Shown(std::string_view text, const Glyphs& glyphs) {
  const std::string clean = Clean(text);
  std::string shown;
  for (std::string_view rest = clean; !rest.empty();) {
    const Utf8Char next = DecodeUtf8(rest);
    const std::size_t length = std::max<std::size_t>(next.length, 1);
    // What the C library has no width for, terminals disagree about.
    const bool known = next.point < 0x80 || (glyphs.utf8 && wcwidth(static_cast<wchar_t>(next.point)) >= 0);
    shown += known ? rest.substr(0, length) : "?";
    rest.remove_prefix(length);
  }
  return shown;
}

void Line::Column(Style style, std::string_view text, std::size_t columns) {
  Add(style, Fit(text, std::min(columns, left()), glyphs_->cut));
}

void Line::ColumnRight(Style style, std::string_view text, std::size_t columns) {
  const std::size_t needed = Columns(text);
  if (needed < columns) Blanks(columns - needed);
  Column(style, text, std::min(columns, needed));
}

void Line::Text(Style style, std::string_view text) {
  Column(style, text, Columns(text));
}

void Line::Blanks(std::size_t columns) {
  Add(Style::kPlain, std::string(std::min(columns, left()), ' '));
}

void Line::End(Style style) {
  Add(style, std::string(left(), ' '));
}

std::string Line::text() const {
  std::string text;
  for (const Span& span : spans_) text += span.text;
  return text;
}

void Line::Add(Style style, std::string text) {
  used_ += Columns(text);
  if (!text.empty()) spans_.push_back({style, std::move(text)});
}

}  // namespace hypertier::tierctl::top
