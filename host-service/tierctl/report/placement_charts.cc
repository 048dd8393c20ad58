// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/placement_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/text.h"
#include "host-service/tierctl/report/draw.h"
#include "host-service/tierctl/report/figures.h"
#include "host-service/tierctl/report/tier_charts.h"

namespace hypertier::tierctl::report {
namespace {

std::string HitRatio(const Asker& ask) {
  if (ask.scope().kind == Kind::kHost) return ask.Own("hypertier_host_fmem_hit_ratio");
  if (ask.scope().kind == Kind::kVm) return fmt::format("max({})", ask.Own("hypertier_vm_fmem_hit_ratio"));
  // Each VM's, weighed by how much it accesses.
  const std::string hits = fmt::format("max by (vm) ({})", ask.scope().Of("hypertier_vm_fmem_hit_ratio"));
  const std::string rate = fmt::format("max by (vm) ({})", ask.scope().Of("hypertier_vm_memory_access_rate"));
  return fmt::format("sum({}) / sum({})", ask.OfTenantsVms(fmt::format("{} * on (vm) {}", hits, rate)),
                     ask.OfTenantsVms(fmt::format("{} and on (vm) {}", rate, hits)));
}

}  // namespace

void AddHits(Asker& ask, Document& document, Table& figures, Table& events) {
  const Values hits = ask.One(HitRatio(ask));
  AddFigures(figures, "FMEM hit ratio", Unit::kShare, hits);
  Chart chart = TimeChart(ask.span(), "FMEM hit ratio",
                          "Share of the guests' memory accesses that FMEM served, as they estimate.", Unit::kShare);
  chart.lines.push_back({"hit ratio", Look::kResident, hits});
  if (HasValues(chart)) document.charts.push_back(std::move(chart));
  for (const auto& [how, bytes] : ask.Rise("hypertier_vm_moved_bytes_total", "how")) {
    events.rows.push_back({fmt::format("Moved between the tiers by {}", how), FormatFigure(Unit::kBytes, bytes)});
  }
}

void AddHotness(Asker& ask, Document& document) {
  std::map<double, double> curve;
  for (const Sample& sample :
       ask.Latest(fmt::format("max by (cell_percent) (last_over_time({}[{}s]))",
                              ask.Own("hypertier_vm_expected_hit_ratio"), ask.span().seconds()))) {
    const auto label = sample.labels.find("cell_percent");
    const auto percent = label == sample.labels.end() ? std::nullopt : ParseUint64(label->second);
    if (percent && *percent <= 100) curve[static_cast<double>(*percent)] = sample.value;
  }
  if (curve.empty()) return;
  Chart chart;
  chart.title = "Hotness, as last known";
  chart.about = "Share of the memory accesses that FMEM would serve if it were so much of its cell.";
  chart.unit = Unit::kShare;
  chart.x_title = "FMEM, in percent of its cell";
  for (const double percent : {0, 25, 50, 75, 100}) chart.x_ticks.push_back({percent, fmt::format("{} %", percent)});
  Line line{"expected hit ratio", Look::kResident, {}};
  for (const auto& [percent, ratio] : curve) {
    chart.x.push_back(percent);
    line.values.push_back(ratio);
  }
  chart.lines.push_back(std::move(line));
  if (HasValues(chart)) document.charts.push_back(std::move(chart));
}

void AddPlacementCpu(Asker& ask, Document& document) {
  // As far back as Prometheus looks for a value, and two points at least.
  const std::time_t window = std::max<std::time_t>(300, 2 * ask.span().step);
  Chart chart = TimeChart(
      ask.span(), "CPU time of placement",
      "CPU time that the guest's agent spends on placement, in percent of one CPU, stacked by stage.", Unit::kCpu);
  chart.stacked = true;
  for (auto& [stage, values] :
       ask.By("stage", fmt::format("sum by (stage) (rate({}[{}s]))",
                                   ask.Own("hypertier_vm_placement_cpu_seconds_total"), window))) {
    chart.lines.push_back({stage, Look::kStack, std::move(values)});
  }
  if (HasValues(chart)) document.charts.push_back(std::move(chart));
}

}  // namespace hypertier::tierctl::report
