// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/svg.h"

#include <fmt/format.h>

#include "host-service/tierctl/report/draw.h"
#include "host-service/tierctl/report/markup.h"
#include "host-service/tierctl/report/style.h"

namespace hypertier::tierctl::report {
namespace {

constexpr int kMargin = 24;
constexpr int kRow = 20;
constexpr std::size_t kMostColumns = 110;

// Writes from top to bottom.
class Sheet {
 public:
  void Text(int x, const char* style, std::string_view text) {
    body_ += fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>\n", style, x, y_,
                         Escape(Shorten(text, kMostColumns)));
  }
  void Down(int by) { y_ += by; }

  void Add(const Table& table) {
    Down(40);
    Text(kMargin, "heading", table.title);
    Down(kRow + 4);
    // The first column has what the others leave.
    constexpr int kColumn = 120;
    const int right = kMargin + kWidth;
    const auto row = [&](const std::vector<std::string>& cells, const char* style) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i == 0) {
          Text(kMargin, style, cells[i]);
        } else {
          Text(right - kColumn * static_cast<int>(cells.size() - 1 - i), fmt::format("{} end", style).c_str(),
               cells[i]);
        }
      }
      body_ += fmt::format("<path class=\"grid\" d=\"M{},{}h{}\"/>\n", kMargin, y_ + 6, kWidth);
      Down(kRow + 2);
    };
    if (!table.heads.empty()) row(table.heads, "dim");
    for (const auto& cells : table.rows) row(cells, "plain");
  }

  void Add(const Chart& chart) {
    Down(34);
    const Drawing drawing = Draw(chart);
    Text(kMargin, "heading", chart.title);
    Down(10);
    body_ += fmt::format("<g role=\"img\" transform=\"translate({},{})\"><title>{}</title><desc>{}</desc>\n{}</g>\n",
                         kMargin, y_, Escape(chart.title), Escape(Describe(chart), 4000), drawing.body);
    Down(drawing.height);
  }

  const std::string& body() const { return body_; }
  int y() const { return y_; }

 private:
  std::string body_;
  int y_ = 44;
};

}  // namespace

std::string Svg(const Document& document) {
  Sheet sheet;
  sheet.Text(kMargin, "title", Shorten(document.title, 64));
  sheet.Down(8);
  for (const auto& [name, text] : document.facts) {
    sheet.Down(kRow);
    sheet.Text(kMargin, "dim", name);
    sheet.Text(kMargin + 110, "plain", text);
  }
  for (const Table& table : document.tables) sheet.Add(table);
  for (const Chart& chart : document.charts) sheet.Add(chart);
  const int width = kWidth + 2 * kMargin;
  const int height = sheet.y() + kMargin;
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "aria-labelledby=\"report-title\">\n<title id=\"report-title\">{2}</title>\n<style>{3}</style>\n"
      "<rect class=\"paper\" width=\"{0}\" height=\"{1}\"/>\n{4}</svg>\n",
      width, height, Escape(document.title), kDrawingStyle, sheet.body());
}

}  // namespace hypertier::tierctl::report
