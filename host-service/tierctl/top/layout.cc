// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/layout.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include "host-service/tierctl/text_width.h"
#include "host-service/tierctl/top/body.h"
#include "host-service/tierctl/top/header.h"

namespace hypertier::tierctl::top {
namespace {

Line Whole(Style style, std::string_view text, std::size_t width, const Glyphs& glyphs) {
  Line line(width, glyphs);
  line.Text(style, text);
  line.End();
  return line;
}

// As many lines as the width needs.
std::vector<Line> Help(std::size_t width, const Glyphs& glyphs) {
  const std::string texts[] = {"q quit",
                               "s sort",
                               "t fold tenants",
                               "h help",
                               "arrows, PgUp, PgDn, Home, End scroll",
                               fmt::format("{} resident", glyphs.resident),
                               fmt::format("{} charged", glyphs.charged),
                               fmt::format("{} target", glyphs.target),
                               "bars: of the cell, the tenant's limit or the host"};
  std::vector<Line> lines;
  std::string line;
  for (const std::string& text : texts) {
    if (!line.empty() && Columns(line) + 2 + Columns(text) > width) {
      lines.push_back(Whole(Style::kPlain, std::exchange(line, ""), width, glyphs));
    }
    line += (line.empty() ? "" : "  ") + text;
  }
  lines.push_back(Whole(Style::kPlain, line, width, glyphs));
  return lines;
}

Line Footer(const View& view, std::size_t rows, std::size_t page, std::size_t width, const Glyphs& glyphs) {
  return Whole(Style::kDim,
               fmt::format("{}-{} of {}  by {}{}", std::min(view.top + 1, rows), std::min(view.top + page, rows), rows,
                           SortName(view.sort), view.help ? "" : "  h help  q quit"),
               width, glyphs);
}

}  // namespace

Frame Layout(const Picture& picture, const std::vector<Row>& rows, View& view, Size size, const Glyphs& glyphs) {
  Frame frame;
  if (size.width == 0 || size.height == 0) return frame;
  std::vector<Line> header = Header(picture, size, glyphs);
  std::vector<Line> help = view.help ? Help(size.width, glyphs) : std::vector<Line>();
  const std::size_t around = header.size() + help.size() + 1;
  frame.page = std::max<std::size_t>(size.height > around ? size.height - around : 0, 1);
  view.Clamp(rows.size(), frame.page);

  frame.lines = std::move(header);
  for (std::size_t i = 0; i < frame.page; ++i) {
    const std::size_t at = view.top + i;
    if (at < rows.size()) {
      frame.lines.push_back(
          FormatRow(rows[at], picture.host ? &*picture.host : nullptr, view.folded, size.width, glyphs));
      continue;
    }
    const std::string_view note = i > 0 ? "" : picture.synced ? "No VMs, no tenants." : "Waiting for the list of VMs.";
    frame.lines.push_back(Whole(Style::kDim, note, size.width, glyphs));
  }
  std::ranges::move(help, std::back_inserter(frame.lines));
  frame.lines.push_back(Footer(view, rows.size(), frame.page, size.width, glyphs));
  // Too low a screen for all: from the top, so that what is said plainly stays.
  frame.lines.erase(frame.lines.begin() + static_cast<std::ptrdiff_t>(std::min(frame.lines.size(), size.height)),
                    frame.lines.end());
  return frame;
}

}  // namespace hypertier::tierctl::top
