// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/page.h"

#include <fmt/format.h>

#include <algorithm>

namespace hypertier::tierctl {
namespace {

// Colours of Okabe and Ito, which the colour-blind can tell apart; the later ones are dashed as well.
constexpr char kStyle[] = R"css(
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#57606a;--grid:#d8dee4;--paper:#fff;--s0:#0072b2;--s1:#d55e00;--s2:#007a5a;--s3:#a8487d;--s4:#7a6000;--s5:#4a4a4a}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--dim:#9da7b1;--grid:#30363d;--paper:#0d1117;--s0:#56b4e9;--s1:#ff9a57;--s2:#2fc89b;--s3:#e29bc4;--s4:#e5c84a;--s5:#b5b5b5}}
body{margin:2rem auto;max-width:72rem;padding:0 1rem;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:0}
p{margin:.2rem 0;color:var(--dim)}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(30rem,100%),1fr));gap:2rem;margin-top:2rem}
svg{width:100%;height:auto;display:block;margin-top:.5rem}
svg text{fill:var(--dim);font:11px system-ui,sans-serif}
.grid{stroke:var(--grid)}
.line{fill:none;stroke-width:2;stroke-linecap:round;stroke-linejoin:round}
.s0{stroke:var(--s0)}.s1{stroke:var(--s1)}.s2{stroke:var(--s2);stroke-dasharray:8 5}.s3{stroke:var(--s3);stroke-dasharray:2 5}
.s4{stroke:var(--s4);stroke-dasharray:12 4 2 4}.s5{stroke:var(--s5);stroke-dasharray:5 5}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.15rem .5rem;text-align:right;border-top:1px solid var(--grid)}
th{color:var(--dim);font-weight:500}th:first-child,td:first-child{text-align:left}
td svg{display:inline-block;width:2.2rem;height:.7rem;margin:0 .5rem 0 0;vertical-align:middle}
details{margin-top:.3rem;color:var(--dim);font-size:.85rem}code{overflow-wrap:anywhere}
@media print{body{margin:0;max-width:none}section{break-inside:avoid}}
)css";

std::string Row(Unit unit, const Line& line, std::size_t style) {
  double least = line.samples.front().value;
  double most = least;
  double sum = 0;
  for (const Sample& sample : line.samples) {
    least = std::min(least, sample.value);
    most = std::max(most, sample.value);
    sum += sample.value;
  }
  return fmt::format(
      R"(<tr><td><svg viewBox="0 0 36 10" aria-hidden="true"><path class="line s{}" d="M2 5H34"/></svg>{}</td>)"
      "<td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
      style, Escaped(line.name), FormatValue(unit, least),
      FormatValue(unit, sum / static_cast<double>(line.samples.size())), FormatValue(unit, most),
      FormatValue(unit, line.samples.back().value));
}

std::string Section(const Report& report, const DrawnPanel& drawn) {
  const Panel& panel = drawn.panel;
  std::string out = fmt::format("<section><h2>{}</h2><p>{}</p>", Escaped(panel.title), Escaped(panel.about));
  out += Draw({.title = panel.title + "; the table below has its figures",
               .unit = panel.unit,
               .lines = drawn.lines,
               .range = report.range,
               .zone = report.zone});
  out +=
      "<table><thead><tr><th scope=\"col\">line</th><th scope=\"col\">least</th><th scope=\"col\">mean</th>"
      "<th scope=\"col\">most</th><th scope=\"col\">last</th></tr></thead><tbody>";
  for (std::size_t i = 0; i < drawn.lines.size(); ++i) out += Row(panel.unit, drawn.lines[i], i % kLineStyles);
  out += "</tbody></table><details><summary>Queries</summary>";
  for (const Question& question : panel.questions) out += fmt::format("<code>{}</code><br>", Escaped(question.promql));
  return out + "</details></section>\n";
}

}  // namespace

std::string Page(const Report& report) {
  const auto time = [&report](absl::Time at) { return absl::FormatTime("%Y-%m-%d %H:%M:%S %Z", at, report.zone); };
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>HyperTier: "
      "{0}</title><style>{1}</style></head>\n"
      "<body><header><h1>{0}</h1><p>{2}</p><p>{3} to {4}, a value each {5}</p></header>\n<main>\n",
      Escaped(report.title), kStyle, Escaped(report.about), time(report.range.begin), time(report.range.end),
      absl::FormatDuration(report.range.step));
  std::string silent;
  for (const DrawnPanel& drawn : report.panels) {
    if (drawn.lines.empty()) {
      silent += (silent.empty() ? "" : "; ") + drawn.panel.title;
    } else {
      out += Section(report, drawn);
    }
  }
  out += "</main>\n";
  if (!silent.empty()) out += fmt::format("<footer><p>Without data in that time: {}.</p></footer>\n", Escaped(silent));
  return out + "</body></html>\n";
}

}  // namespace hypertier::tierctl
