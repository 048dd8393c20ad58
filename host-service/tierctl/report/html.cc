// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/html.h"

#include <fmt/format.h>

#include "host-service/tierctl/report/draw.h"
#include "host-service/tierctl/report/markup.h"
#include "host-service/tierctl/report/style.h"

namespace hypertier::tierctl::report {
namespace {

std::string HtmlTable(const Table& table) {
  std::string html = fmt::format(
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{0}\"><table>\n<caption>{0}</caption>\n",
      Escape(table.title));
  if (!table.heads.empty()) {
    html += "<thead><tr>";
    for (const std::string& head : table.heads) {
      html += head.empty() ? "<td></td>" : fmt::format("<th scope=\"col\">{}</th>", Escape(head));
    }
    html += "</tr></thead>\n";
  }
  html += "<tbody>\n";
  for (const auto& row : table.rows) {
    html += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string text = Escape(row[i]);
      html += i == 0 ? fmt::format("<th scope=\"row\">{}</th>", text) : fmt::format("<td>{}</td>", text);
    }
    html += "</tr>\n";
  }
  return html + "</tbody></table></div>\n";
}

std::string HtmlChart(const Chart& chart, std::size_t number) {
  const Drawing drawing = Draw(chart);
  return fmt::format(
      "<section>\n<h2>{0}</h2>\n<figure style=\"margin:0\"><svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
      "aria-labelledby=\"chart{1}-title chart{1}-about\" viewBox=\"0 0 {2} {3}\">\n<title "
      "id=\"chart{1}-title\">{0}</title>"
      "<desc id=\"chart{1}-about\">{4}</desc>\n{5}</svg></figure>\n</section>\n",
      Escape(chart.title), number, kWidth, drawing.height, Escape(Describe(chart), 4000), drawing.body);
}

}  // namespace

std::string Html(const Document& document) {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n"
      "<title>{0}</title>\n<style>{1}{2}</style>\n</head>\n<body>\n<main>\n<h1>{0}</h1>\n<dl>\n",
      Escape(document.title), kPageStyle, kDrawingStyle);
  for (const auto& [name, text] : document.facts) {
    html += fmt::format("<dt>{}</dt><dd>{}</dd>\n", Escape(name), Escape(text));
  }
  html += "</dl>\n";
  for (const Table& table : document.tables) html += HtmlTable(table);
  std::size_t number = 0;
  for (const Chart& chart : document.charts) html += HtmlChart(chart, ++number);
  return html + "</main>\n</body>\n</html>\n";
}

}  // namespace hypertier::tierctl::report
