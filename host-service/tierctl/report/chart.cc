// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "common/bytes.h"

namespace hypertier::tierctl {
namespace {

constexpr double kWidth = 680;
constexpr double kHeight = 200;
constexpr double kLeft = 76;
constexpr double kRight = 12;
constexpr double kTop = 10;
constexpr double kBottom = 26;

bool IsBytes(Unit unit) {
  return unit == Unit::kBytes || unit == Unit::kBytesPerSecond;
}

// Of 1, 2 and 5 times a power of ten the first at or above `least`; of bytes the first power of two.
double RoundStep(Unit unit, double least) {
  if (IsBytes(unit)) return std::exp2(std::ceil(std::log2(std::max(least, 1.0))));
  const double power = std::pow(10, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  }
  return 10 * power;
}

// Marks of time: whole minutes, hours or days, three to eight of them.
absl::Duration TimeStep(absl::Duration range) {
  for (const int minutes : {1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440}) {
    if (range / absl::Minutes(minutes) <= 8) return absl::Minutes(minutes);
  }
  return absl::Hours(24) * std::ceil(range / absl::Hours(24) / 8);
}

class Drawing {
 public:
  Drawing(const Chart& chart, double most) : chart_(chart), most_(most) {}

  double X(absl::Time time) const {
    const double share = absl::FDivDuration(time - chart_.range.begin, chart_.range.end - chart_.range.begin);
    return kLeft + share * (kWidth - kLeft - kRight);
  }
  double Y(double value) const { return kHeight - kBottom - value / most_ * (kHeight - kTop - kBottom); }

  std::string Axes(const std::vector<double>& ticks) const {
    std::string out;
    for (const double tick : ticks) {
      out += fmt::format(R"(<line class="grid" x1="{0:.0f}" x2="{1:.0f}" y1="{2:.1f}" y2="{2:.1f}"/>)", kLeft,
                         kWidth - kRight, Y(tick));
      out += fmt::format(R"(<text x="{:.0f}" y="{:.1f}" text-anchor="end">{}</text>)", kLeft - 6, Y(tick) + 4,
                         FormatValue(chart_.unit, tick));
    }
    const absl::Duration step = TimeStep(chart_.range.end - chart_.range.begin);
    const char* format = step >= absl::Hours(24) ? "%d %b" : "%H:%M";
    // Whole hours of where the reader is.
    const absl::Duration offset = absl::Seconds(chart_.zone.At(chart_.range.begin).offset);
    absl::Time mark = absl::UnixEpoch() + absl::Ceil(chart_.range.begin - absl::UnixEpoch() + offset, step) - offset;
    for (; mark <= chart_.range.end; mark += step) {
      out += fmt::format(R"(<line class="grid" x1="{0:.1f}" x2="{0:.1f}" y1="{1:.0f}" y2="{2:.0f}"/>)", X(mark), kTop,
                         kHeight - kBottom);
      out += fmt::format(R"(<text x="{:.1f}" y="{:.0f}" text-anchor="middle">{}</text>)", X(mark), kHeight - 8,
                         absl::FormatTime(format, mark, chart_.zone));
    }
    return out;
  }

  std::string Path(const Line& line, std::size_t style) const {
    std::string path;
    absl::Time last = absl::InfinitePast();
    for (const Sample& sample : line.samples) {
      // A lone sample shows as a dot: round ends of a line without length.
      const bool joined = sample.time - last < 1.5 * chart_.range.step;
      path += joined ? fmt::format("L{:.1f} {:.1f}", X(sample.time), Y(sample.value))
                     : fmt::format("M{0:.1f} {1:.1f}h0", X(sample.time), Y(sample.value));
      last = sample.time;
    }
    return fmt::format(R"(<path class="line s{}" d="{}"><title>{}</title></path>)", style, path, Escaped(line.name));
  }

 private:
  const Chart& chart_;
  const double most_;
};

}  // namespace

std::string FormatValue(Unit unit, double value) {
  switch (unit) {
    case Unit::kBytes:
      return FormatBytes(Bytes(static_cast<std::uint64_t>(std::max(value, 0.0))));
    case Unit::kBytesPerSecond:
      return FormatValue(Unit::kBytes, value) + "/s";
    case Unit::kShare:
      return fmt::format("{:.3g} %", value * 100);
    case Unit::kSeconds:
      return value >= 1 || value == 0 ? fmt::format("{:.3g} s", value) : fmt::format("{:.3g} ms", value * 1000);
    case Unit::kNumber:
      break;
  }
  return fmt::format("{:.4g}", value);
}

std::vector<double> Ticks(Unit unit, double most) {
  if (!(most > 0)) most = unit == Unit::kShare ? 1 : IsBytes(unit) ? 1 << 20 : 1;
  // Shares that fill the scale end with it.
  if (unit == Unit::kShare && most > 0.5) most = std::max(most, 1.0);
  const double step = RoundStep(unit, most / 5);
  std::vector<double> ticks{0};
  while (ticks.back() < most * (1 - 1e-9)) ticks.push_back(static_cast<double>(ticks.size()) * step);
  return ticks;
}

std::string Draw(const Chart& chart) {
  double most = 0;
  for (const Line& line : chart.lines) {
    for (const Sample& sample : line.samples) most = std::max(most, sample.value);
  }
  const std::vector<double> ticks = Ticks(chart.unit, most);
  const Drawing drawing(chart, ticks.back());
  std::string svg = fmt::format(R"(<svg viewBox="0 0 {:.0f} {:.0f}" role="img" aria-label="{}">)", kWidth, kHeight,
                                Escaped(chart.title));
  svg += drawing.Axes(ticks);
  // The first on top: it is what the chart is about.
  for (std::size_t i = chart.lines.size(); i-- > 0;) svg += drawing.Path(chart.lines[i], i % kLineStyles);
  return svg + "</svg>";
}

std::string Escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        // What HTML has no place for.
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
  }
  return out;
}

}  // namespace hypertier::tierctl
