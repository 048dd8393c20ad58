// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/header.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "host-service/tierctl/top/bar.h"
#include "host-service/tierctl/top/columns.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl::top {
namespace {

// Host and tenants are asked for every two seconds; older than this, it is worth a word.
constexpr std::chrono::seconds kStale{10};
// Least height with a line for each tier.
constexpr std::size_t kTiersHeight = 8;
// "FMEM", "SMEM".
constexpr std::size_t kTierName = 4;

Line Title(const Picture& picture, std::size_t width, const Glyphs& glyphs) {
  Line line(width, glyphs);
  line.Text(Style::kBold, "tierctl top");
  const auto count = [](std::size_t n, std::string_view one) {
    return fmt::format("  {} {}{}", n, one, n == 1 ? "" : "s");
  };
  line.Text(Style::kPlain, count(picture.vms.size(), "VM") + count(picture.tenants.size(), "tenant"));
  if (picture.host) {
    line.Text(Style::kPlain, picture.host->policy().empty()
                                 ? "  nothing is planned: " + Shown(picture.host->reason(), glyphs)
                                 : "  policy " + Shown(picture.host->policy(), glyphs));
  }
  line.End();
  return line;
}

int Percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return 0;
  // As wide as three digits at most.
  return static_cast<int>(std::min(100.0 * static_cast<double>(part) / static_cast<double>(whole), 999.0));
}

Line HostTier(const v1::HostTier& tier, std::size_t width, const Glyphs& glyphs) {
  Line line(width, glyphs);
  const bool fmem = tier.kind() == v1::TIER_KIND_FMEM;
  const std::uint64_t whole = tier.capacity_bytes();
  // All but the two bars.
  constexpr std::size_t kFigures = 53;
  constexpr std::size_t kLeastBar = 5;
  constexpr std::size_t kMostBar = 30;
  const std::size_t bar = width < kFigures + 2 * kLeastBar ? 0 : std::min((width - kFigures) / 2, kMostBar);
  line.Text(Style::kBold, fmem ? "FMEM " : "SMEM ");
  line.ColumnRight(Style::kPlain, ShortSize(whole), kOneFigure);
  const auto part = [&](std::string_view label, std::uint64_t bytes) {
    const Style style = bytes > whole ? Style::kBad : Style::kGood;
    line.Text(Style::kPlain, label);
    if (bar > 0) {
      line.Text(style, Bar({.whole = whole, .charged = bytes, .resident = bytes, .target = {}}, bar, glyphs));
      line.Blanks(1);
    }
    line.ColumnRight(Style::kPlain, ShortSize(bytes), kOneFigure);
    if (bar > 0) line.Text(bytes > whole ? Style::kBad : Style::kDim, fmt::format(" {:>3}%", Percent(bytes, whole)));
  };
  part(bar > 0 ? "  charged " : " charged ", tier.charged_bytes());
  part(bar > 0 ? "  reserved " : " reserved ", tier.reservation_bytes());
  line.End();
  return line;
}

Line Alarm(Style style, const std::string& text, std::size_t width, const Glyphs& glyphs) {
  Line line(width, glyphs);
  line.Text(style, text);
  line.End(style);
  return line;
}

std::vector<Line> Alarms(const Picture& picture, std::size_t width, const Glyphs& glyphs) {
  std::vector<Line> lines;
  if (!picture.trouble.empty()) {
    lines.push_back(Alarm(Style::kAlarm,
                          fmt::format("DISCONNECTED for {} s, trying again: {}", picture.trouble_age.count(),
                                      Shown(picture.trouble, glyphs)),
                          width, glyphs));
  } else if (!picture.qos_trouble.empty() || picture.qos_age >= kStale) {
    lines.push_back(Alarm(Style::kAlarm,
                          fmt::format("Host and tenants not heard of for {} s: {}", picture.qos_age.count(),
                                      picture.qos_trouble.empty() ? "no answer" : Shown(picture.qos_trouble, glyphs)),
                          width, glyphs));
  }
  if (picture.host && picture.host->has_maintenance()) {
    const v1::Maintenance& maintenance = picture.host->maintenance();
    lines.push_back(
        Alarm(Style::kAlarm,
              fmt::format("MAINTENANCE, no target changes: {} ({}, {})", Shown(maintenance.reason(), glyphs),
                          Shown(maintenance.actor(), glyphs), Stamp(maintenance.begin_time())),
              width, glyphs));
  }
  if (picture.host && !picture.host->problems().empty()) {
    lines.push_back(Alarm(Style::kBad, Shown(picture.host->problems(0), glyphs), width, glyphs));
  }
  return lines;
}

Line ColumnHeading(std::size_t width, const Glyphs& glyphs) {
  const Widths widths = WidthsFor(width);
  Line line(width, glyphs);
  const auto column = [&](std::string_view text, std::size_t columns) {
    if (columns > 0) line.Column(Style::kHeading, text, columns + 1);
  };
  column("TENANT, VM", widths.name);
  for (const char* tier : {"FMEM", "SMEM"}) {
    if (widths.figures == 0) {
      column(tier, widths.bar);
      continue;
    }
    // Over the bar and the figures.
    const std::string_view label = widths.figures == kTwoFigures ? "charged/target" : "charged";
    const std::size_t columns = widths.bar + 1 + widths.figures;
    column(fmt::format("{}{:>{}}", tier, label, columns - kTierName), columns);
  }
  column("HITS", widths.hits);
  if (widths.state > 0) column("STATE", widths.state);
  line.Text(Style::kHeading, widths.state > 0 ? "REASON" : "STATE");
  line.End(Style::kHeading);
  return line;
}

}  // namespace

std::vector<Line> Header(const Picture& picture, Size size, const Glyphs& glyphs) {
  std::vector<Line> lines{Title(picture, size.width, glyphs)};
  if (picture.host && size.height >= kTiersHeight) {
    for (const v1::HostTier& tier : picture.host->tiers()) lines.push_back(HostTier(tier, size.width, glyphs));
  }
  for (Line& alarm : Alarms(picture, size.width, glyphs)) lines.push_back(std::move(alarm));
  lines.push_back(ColumnHeading(size.width, glyphs));
  return lines;
}

}  // namespace hypertier::tierctl::top
