// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "host-service/tierctl/report/figures.h"
#include "host-service/tierctl/report/markup.h"
#include "host-service/tierctl/report/style.h"
#include "host-service/tierctl/report/ticks.h"
#include "host-service/tierctl/text_width.h"

namespace hypertier::tierctl::report {
namespace {

constexpr int kLeft = 84;
constexpr int kRight = 24;
constexpr int kPlotWidth = kWidth - kLeft - kRight;
constexpr int kPlotHeight = 190;
constexpr int kLegendRow = 20;
constexpr int kSwatch = 26;
// Of a letter at the font size of legends, generously.
constexpr double kLetter = 6.8;
constexpr std::size_t kLegendColumns = 32;

bool IsGap(double value) {
  return std::isnan(value);
}

// Where a value of the chart is in the drawing.
struct Plane {
  double x_from, x_to, most;
  double top;

  double X(double x) const { return kLeft + (x_to > x_from ? (x - x_from) / (x_to - x_from) : 0.5) * kPlotWidth; }
  double Y(double value) const { return top + kPlotHeight - std::clamp(value / most, 0.0, 1.0) * kPlotHeight; }
};

std::string Coordinates(double x, double y) {
  return fmt::format("{:.1f},{:.1f}", x, y);
}

// Runs of points without a gap, as [begin, end).
std::vector<std::pair<std::size_t, std::size_t>> Runs(const Values& values) {
  std::vector<std::pair<std::size_t, std::size_t>> runs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (IsGap(values[i])) continue;
    if (runs.empty() || runs.back().second != i) runs.emplace_back(i, i);
    runs.back().second = i + 1;
  }
  return runs;
}

// The run's points, without those in the middle of what is level.
std::vector<std::size_t> Corners(const Values& values, std::size_t begin, std::size_t end) {
  std::vector<std::size_t> corners;
  for (std::size_t i = begin; i < end; ++i) {
    const bool level = i > begin && i + 1 < end && values[i] == values[i - 1] && values[i] == values[i + 1];
    if (!level) corners.push_back(i);
  }
  return corners;
}

std::string LinePath(const std::vector<double>& x, const Values& values, const Plane& plane) {
  std::string path;
  for (const auto& [begin, end] : Runs(values)) {
    const char* command = "M";
    for (const std::size_t i : Corners(values, begin, end)) {
      path += command + Coordinates(plane.X(x[i]), plane.Y(values[i]));
      command = "L";
    }
    // What is alone between two gaps is a dot, by its round ends.
    if (end - begin == 1) path += "h0.1";
  }
  return path;
}

// Between `upper` and `lower`, which have the same gaps. A point alone is as wide as nothing, and not seen: its line
// is.
std::string AreaPath(const std::vector<double>& x, const Values& upper, const Values& lower, const Plane& plane) {
  std::string path;
  for (const auto& [begin, end] : Runs(upper)) {
    const char* command = "M";
    for (const std::size_t i : Corners(upper, begin, end)) {
      path += command + Coordinates(plane.X(x[i]), plane.Y(upper[i]));
      command = "L";
    }
    std::vector<std::size_t> back = Corners(lower, begin, end);
    std::reverse(back.begin(), back.end());
    for (const std::size_t i : back) path += "L" + Coordinates(plane.X(x[i]), plane.Y(lower[i]));
    path += "Z";
  }
  return path;
}

// Each line on top of those before; a gap where none of them has a value.
std::vector<Values> Pile(const std::vector<Line>& lines, std::size_t size) {
  Values there(size, std::numeric_limits<double>::quiet_NaN());
  for (const Line& line : lines) {
    for (std::size_t i = 0; i < size; ++i) {
      if (!IsGap(line.values[i])) there[i] = 0;
    }
  }
  std::vector<Values> pile{there};
  for (const Line& line : lines) {
    Values sum = pile.back();
    for (std::size_t i = 0; i < size; ++i) sum[i] += IsGap(line.values[i]) ? 0 : line.values[i];
    pile.push_back(std::move(sum));
  }
  return pile;
}

double Most(const std::vector<Values>& all) {
  double most = 0;
  for (const Values& values : all) {
    for (const double value : values) {
      if (value > most) most = value;
    }
  }
  return most;
}

// Returns the legend's height.
int DrawLegend(const Chart& chart, std::string& body) {
  double x = kLeft;
  int y = 14;
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const std::string text = Shorten(chart.lines[i].label, kLegendColumns);
    const double width = kSwatch + 8 + static_cast<double>(Columns(text)) * kLetter + 14;
    if (x > kLeft && x + width > kWidth - kRight) {
      x = kLeft;
      y += kLegendRow;
    }
    const std::string style = ClassOf(chart.lines[i], i);
    body += chart.stacked
                ? fmt::format("<rect class=\"{} area solid\" x=\"{:.1f}\" y=\"{}\" width=\"{}\" height=\"11\"/>", style,
                              x, y - 10, kSwatch)
                : fmt::format("<path class=\"{} line\" d=\"M{:.1f},{}h{}\"/>", style, x, y - 4, kSwatch);
    body += fmt::format("<text x=\"{:.1f}\" y=\"{}\">{}</text>\n", x + kSwatch + 8, y, Escape(text));
    x += width;
  }
  return y + 14;
}

void DrawAxes(const Chart& chart, const std::vector<Tick>& ticks, const Plane& plane, std::string& body) {
  for (const Tick& tick : ticks) {
    const double y = plane.Y(tick.at);
    body +=
        fmt::format("<path class=\"{}\" d=\"M{},{:.1f}h{}\"/><text class=\"end dim\" x=\"{}\" y=\"{:.1f}\">{}</text>\n",
                    tick.at == 0 ? "axis" : "grid", kLeft, y, kPlotWidth, kLeft - 8, y + 4, Escape(tick.label));
  }
  const double bottom = plane.top + kPlotHeight;
  for (const Tick& tick : chart.x_ticks) {
    const double x = plane.X(tick.at);
    body += fmt::format(
        "<path class=\"axis\" d=\"M{:.1f},{:.1f}v5\"/><text class=\"middle dim\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        x, bottom, x, bottom + 18, Escape(tick.label));
  }
  if (!chart.x_title.empty()) {
    body += fmt::format("<text class=\"middle dim\" x=\"{}\" y=\"{:.1f}\">{}</text>\n", kLeft + kPlotWidth / 2,
                        bottom + 36, Escape(chart.x_title));
  }
}

void DrawLines(const Chart& chart, const Plane& plane, std::string& body) {
  // Few points are shown each.
  const bool dots = chart.x.size() <= 12;
  for (const bool area : {true, false}) {
    for (std::size_t i = 0; i < chart.lines.size(); ++i) {
      const Line& line = chart.lines[i];
      const std::string style = ClassOf(line, i);
      if (area && line.look != Look::kResident && line.look != Look::kMissing) continue;
      const Values zero(line.values.size(), 0);
      const std::string path =
          area ? AreaPath(chart.x, line.values, zero, plane) : LinePath(chart.x, line.values, plane);
      if (path.empty()) continue;
      body += fmt::format("<path class=\"{} {}\" d=\"{}\"/>\n", style, area ? "area" : "line", path);
      for (std::size_t at = 0; dots && !area && at < chart.x.size(); ++at) {
        if (IsGap(line.values[at])) continue;
        body += fmt::format("<circle class=\"{} area solid\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\"/>\n", style,
                            plane.X(chart.x[at]), plane.Y(line.values[at]));
      }
    }
  }
}

void DrawPile(const Chart& chart, const std::vector<Values>& pile, const Plane& plane, std::string& body) {
  for (std::size_t i = 0; i < chart.lines.size(); ++i) {
    const std::string style = ClassOf(chart.lines[i], i);
    body += fmt::format("<path class=\"{} area solid\" d=\"{}\"/>\n", style,
                        AreaPath(chart.x, pile[i + 1], pile[i], plane));
    body += fmt::format("<path class=\"seam\" d=\"{}\"/>\n", LinePath(chart.x, pile[i + 1], plane));
  }
}

}  // namespace

std::string ClassOf(const Line& line, std::size_t position) {
  switch (line.look) {
    case Look::kTarget:
      return "target";
    case Look::kResident:
      return "resident";
    case Look::kReservation:
      return "reservation";
    case Look::kLimit:
      return "limit";
    case Look::kMissing:
      return "missing";
    case Look::kCharged:
      return "charged";
    case Look::kFree:
      return "free";
    case Look::kOther:
      return "other";
    case Look::kStack:
      break;
  }
  return fmt::format("s{}", position % kStackColours);
}

bool HasValues(const Chart& chart) {
  return std::any_of(chart.lines.begin(), chart.lines.end(),
                     [](const Line& line) { return FiguresOf(line.values).has_value(); });
}

Drawing Draw(const Chart& chart) {
  Drawing drawing;
  std::vector<Values> shown;
  if (chart.stacked) {
    shown = Pile(chart.lines, chart.x.size());
  } else {
    for (const Line& line : chart.lines) shown.push_back(line.values);
  }
  const std::vector<Tick> ticks = ValueTicks(chart.unit, Most(shown));
  double from = chart.x.empty() ? 0 : chart.x.front();
  double to = chart.x.empty() ? 1 : chart.x.back();
  for (const Tick& tick : chart.x_ticks) {
    from = std::min(from, tick.at);
    to = std::max(to, tick.at);
  }
  const int legend = DrawLegend(chart, drawing.body);
  const Plane plane{.x_from = from, .x_to = to, .most = ticks.back().at, .top = static_cast<double>(legend)};
  DrawAxes(chart, ticks, plane, drawing.body);
  if (chart.stacked) {
    DrawPile(chart, shown, plane, drawing.body);
  } else {
    DrawLines(chart, plane, drawing.body);
  }
  drawing.height = legend + kPlotHeight + (chart.x_title.empty() ? 26 : 44);
  return drawing;
}

std::string Describe(const Chart& chart) {
  std::string text = chart.about;
  for (const Line& line : chart.lines) {
    const auto figures = FiguresOf(line.values);
    if (!figures) continue;
    text += fmt::format(" {}: {} to {}, at the end {}.", line.label, FormatFigure(chart.unit, figures->least),
                        FormatFigure(chart.unit, figures->most), FormatFigure(chart.unit, figures->last));
  }
  return text;
}

}  // namespace hypertier::tierctl::report
