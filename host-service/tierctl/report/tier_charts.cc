// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/tier_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "host-service/tierctl/report/draw.h"
#include "host-service/tierctl/report/figures.h"
#include "host-service/tierctl/report/ticks.h"

namespace hypertier::tierctl::report {
namespace {

// Which charts a series is drawn in; all are in the table of figures.
enum class In { kFirst, kRoom, kBoth, kTable };

struct TierSeries {
  std::string_view metric;
  std::string_view name;
  Look look;
  In in;
};

constexpr TierSeries kHost[] = {
    {"hypertier_host_tier_resident_bytes", "resident", Look::kResident, In::kFirst},
    {"hypertier_host_tier_target_bytes", "target", Look::kTarget, In::kFirst},
    {"hypertier_host_tier_reservation_bytes", "reserved", Look::kReservation, In::kBoth},
    {"hypertier_host_tier_capacity_bytes", "capacity", Look::kLimit, In::kBoth},
    {"hypertier_host_tier_charged_bytes", "charged", Look::kCharged, In::kRoom},
    {"hypertier_host_tier_free_bytes", "free", Look::kFree, In::kRoom},
    {"hypertier_host_tier_burst_bytes", "burst", Look::kOther, In::kTable},
    {"hypertier_host_tier_missing_bytes", "missing", Look::kMissing, In::kRoom},
};
constexpr TierSeries kTenant[] = {
    {"hypertier_tenant_tier_resident_bytes", "resident", Look::kResident, In::kFirst},
    {"hypertier_tenant_tier_target_bytes", "target", Look::kTarget, In::kFirst},
    {"hypertier_tenant_tier_reservation_bytes", "reservation", Look::kReservation, In::kFirst},
    {"hypertier_tenant_tier_vms_reservation_bytes", "reservations of its VMs", Look::kOther, In::kTable},
    {"hypertier_tenant_tier_limit_bytes", "limit", Look::kLimit, In::kFirst},
    {"hypertier_tenant_tier_burst_bytes", "burst", Look::kOther, In::kTable},
    {"hypertier_tenant_tier_missing_bytes", "missing", Look::kMissing, In::kFirst},
};
constexpr TierSeries kVm[] = {
    {"hypertier_vm_tier_resident_bytes", "resident", Look::kResident, In::kFirst},
    {"hypertier_vm_tier_target_bytes", "target", Look::kTarget, In::kFirst},
    {"hypertier_vm_tier_reservation_bytes", "reservation", Look::kReservation, In::kFirst},
    {"hypertier_vm_tier_limit_bytes", "limit", Look::kLimit, In::kFirst},
    {"hypertier_vm_tier_charged_bytes", "charged", Look::kCharged, In::kTable},
    {"hypertier_vm_tier_displaced_bytes", "displaced", Look::kOther, In::kTable},
    {"hypertier_vm_tier_missing_bytes", "missing", Look::kMissing, In::kFirst},
};

std::span<const TierSeries> SeriesOf(Kind kind) {
  switch (kind) {
    case Kind::kHost:
      return kHost;
    case Kind::kTenant:
      return kTenant;
    case Kind::kVm:
      break;
  }
  return kVm;
}

// "FMEM".
std::string TierTitle(TierId tier) {
  return tier == TierId::kFmem ? "FMEM" : "SMEM";
}

// Above 0 while the scope, or some VM of it, keeps what it should give back.
std::string Violating(const Asker& ask) {
  switch (ask.scope().kind) {
    case Kind::kHost:
      return ask.scope().Of("hypertier_compliance_vms", {{"compliance", "violating"}});
    case Kind::kTenant:
      return ask.OfTenantsVms(ask.scope().Of("hypertier_vm_tier_violating"));
    case Kind::kVm:
      break;
  }
  return ask.Own("hypertier_vm_tier_violating");
}

// How long the values were above 0.
void AddTime(Table& events, const std::string& name, const Span& span, const Values& values) {
  if (!FiguresOf(values)) return;
  const double share = static_cast<double>(CountAboveZero(values)) / static_cast<double>(span.size());
  events.rows.push_back({name, FormatMinutes(share * static_cast<double>(span.seconds()))});
}

void AddIfAny(Document& document, Chart chart) {
  std::erase_if(chart.lines, [](const Line& line) { return !FiguresOf(line.values); });
  if (HasValues(chart)) document.charts.push_back(std::move(chart));
}

}  // namespace

Chart TimeChart(const Span& span, std::string title, std::string about, Unit unit) {
  Chart chart;
  chart.title = std::move(title);
  chart.about = std::move(about);
  chart.unit = unit;
  for (std::size_t i = 0; i < span.size(); ++i) chart.x.push_back(span.at(i));
  chart.x_ticks = TimeTicks(span);
  return chart;
}

void AddFigures(Table& figures, const std::string& name, Unit unit, const Values& values) {
  const auto found = FiguresOf(values);
  if (!found) return;
  figures.rows.push_back({name, FormatFigure(unit, found->mean), FormatFigure(unit, found->least),
                          FormatFigure(unit, found->most), FormatFigure(unit, found->last)});
}

void AddTiers(Asker& ask, Document& document, Table& figures, Table& events) {
  std::vector<std::pair<const TierSeries*, PerTier<Values>>> all;
  for (const TierSeries& series : SeriesOf(ask.scope().kind)) {
    all.emplace_back(&series, ask.Tiers(ask.Own(series.metric)));
  }
  const PerTier<Values> violating = ask.Tiers(Violating(ask));
  for (const TierId tier : kTiers) {
    const std::string title = TierTitle(tier);
    Chart first = TimeChart(ask.span(), title, fmt::format("{} over time: what was held and what was promised.", title),
                            Unit::kBytes);
    Chart room =
        TimeChart(ask.span(), title + ": room",
                  fmt::format("{} of the host over time: what is taken and what is left.", title), Unit::kBytes);
    for (const auto& [series, values] : all) {
      AddFigures(figures, fmt::format("{} {}", title, series->name), Unit::kBytes, values[tier]);
      if (series->look == Look::kMissing) {
        AddTime(events, title + " below what is reserved and wanted", ask.span(), values[tier]);
        // What is not missing needs no line.
        if (CountAboveZero(values[tier]) == 0) continue;
      }
      const Line line{std::string(series->name), series->look, values[tier]};
      if (series->in == In::kFirst || series->in == In::kBoth) first.lines.push_back(line);
      if (series->in == In::kRoom || series->in == In::kBoth) room.lines.push_back(line);
    }
    AddTime(events, title + (ask.scope().kind == Kind::kVm ? " violating" : " with a VM violating"), ask.span(),
            violating[tier]);
    AddIfAny(document, std::move(first));
    if (ask.scope().kind == Kind::kHost) AddIfAny(document, std::move(room));
  }
}

void AddVmsOfTenant(Asker& ask, Document& document) {
  // A tenant may have a thousand VMs: few points of each, and the largest by name.
  constexpr std::time_t kMostPoints = 240;
  constexpr std::size_t kMostVms = 8;
  const Span span = LastSpan(ask.span().to, std::chrono::seconds(ask.span().seconds()), kMostPoints);
  std::map<std::string, std::string> names;
  for (const Sample& sample : ask.Latest(
           fmt::format("max by (vm, name) (last_over_time({}[{}s]))", ask.Own("hypertier_vm_info"), span.seconds()))) {
    const auto vm = sample.labels.find("vm");
    const auto name = sample.labels.find("name");
    if (vm != sample.labels.end() && name != sample.labels.end()) names[vm->second] = name->second;
  }
  for (const TierId tier : kTiers) {
    const std::string resident =
        ask.scope().Of("hypertier_vm_tier_resident_bytes", {{"tier", std::string(TierName(tier))}});
    std::vector<Line> lines;
    for (auto& [vm, values] : ask.By("vm", ask.OfTenantsVms(fmt::format("max by (vm) ({})", resident)), span)) {
      const auto name = names.find(vm);
      lines.push_back({name != names.end() ? name->second : vm, Look::kStack, std::move(values)});
    }
    const auto weight = [](const Line& line) {
      const auto found = FiguresOf(line.values);
      return found ? found->mean * static_cast<double>(found->count) : 0;
    };
    std::stable_sort(lines.begin(), lines.end(), [&](const Line& a, const Line& b) { return weight(a) > weight(b); });
    if (lines.size() > kMostVms + 1) {
      Line others{fmt::format("{} others", lines.size() - kMostVms), Look::kStack,
                  Values(span.size(), std::numeric_limits<double>::quiet_NaN())};
      for (std::size_t vm = kMostVms; vm < lines.size(); ++vm) {
        for (std::size_t i = 0; i < span.size(); ++i) {
          const double value = lines[vm].values[i];
          if (!std::isnan(value)) others.values[i] = value + (std::isnan(others.values[i]) ? 0 : others.values[i]);
        }
      }
      lines.resize(kMostVms);
      lines.push_back(std::move(others));
    }
    const std::string title = TierTitle(tier);
    Chart chart =
        TimeChart(span, title + " resident, by VM",
                  fmt::format("{} that the host backs for each VM of the tenant, stacked.", title), Unit::kBytes);
    chart.stacked = true;
    chart.lines = std::move(lines);
    AddIfAny(document, std::move(chart));
  }
}

}  // namespace hypertier::tierctl::report
