// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/metrics/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string_view>
#include <utility>

#include "common/hit_curve.h"
#include "common/process_usage.h"
#include "guest-agent/metrics/table.h"

namespace hypertier::agent {
namespace {

// Families in the table's order, each with its heading once.
class Writer {
 public:
  // `values`: of the metric's labels, none of which needs escaping.
  void Add(Metric metric, std::initializer_list<std::string_view> values, double value) {
    const MetricDefinition& definition = kTable[static_cast<std::size_t>(metric)].definition;
    if (heading_ != metric) {
      fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", definition.name, definition.help,
                     definition.name, MetricTypeName(definition.type));
    }
    heading_ = metric;
    text_ += definition.name;
    std::string_view names = definition.labels;
    char before = '{';
    for (const std::string_view label : values) {
      const std::size_t comma = std::min(names.find(','), names.size());
      fmt::format_to(std::back_inserter(text_), "{}{}=\"{}\"", before, names.substr(0, comma), label);
      names.remove_prefix(std::min(comma + 1, names.size()));
      before = ',';
    }
    if (before == ',') text_ += '}';
    fmt::format_to(std::back_inserter(text_), " {}\n", value);
  }

  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
  std::optional<Metric> heading_;
};

double Number(Bytes bytes) {
  return static_cast<double>(bytes.count());
}
double Number(std::uint64_t count) {
  return static_cast<double>(count);
}

void AddBalloons(Writer& out, const BalloonFigures& balloons) {
  const auto each = [&](Metric metric, Bytes (*figure)(const TierSnapshot&)) {
    for (const TierId id : kTiers) {
      const std::optional<TierSnapshot>& tier = balloons.snapshot.tiers[id];
      if (tier) out.Add(metric, {TierName(id)}, Number(figure(*tier)));
    }
  };
  each(Metric::kTierCell, [](const TierSnapshot& tier) { return tier.present; });
  each(Metric::kTierTarget, [](const TierSnapshot& tier) { return tier.present - tier.balloon_target; });
  each(Metric::kTierBalloon, [](const TierSnapshot& tier) { return tier.balloon; });
  each(Metric::kTierFree, [](const TierSnapshot& tier) { return tier.free; });
  each(Metric::kTierShortfall, [](const TierSnapshot& tier) { return tier.shortfall; });
  out.Add(Metric::kOomDeflates, {}, Number(balloons.snapshot.oom_deflates));
  out.Add(Metric::kOomDeflatedBytes, {}, Number(balloons.snapshot.oom_deflated));
  if (balloons.pressure) out.Add(Metric::kMemoryPressure, {}, *balloons.pressure);
}

// The hotness curve at a few sizes, as hypertierd shows it, but for what this guest sees of its cell.
void AddCurve(Writer& out, const PlacementFigures& placement, Bytes cell) {
  HitCurve curve;
  for (const ranges::CurvePoint& point : placement.curve) curve.Add(Number(point.fmem), point.share);
  if (curve.empty()) return;
  for (const CellPart& part : kCellParts) {
    out.Add(Metric::kExpectedHitRatio, {part.percent}, curve.At(part.part * Number(cell)));
  }
}

void AddPlacement(Writer& out, const PlacementFigures& placement, std::optional<Bytes> fmem_cell) {
  if (placement.hit_ratio) out.Add(Metric::kHitRatio, {}, *placement.hit_ratio);
  out.Add(Metric::kAccessRate, {}, placement.access_rate);
  out.Add(Metric::kHotSet, {}, Number(placement.hot_set));
  if (fmem_cell) AddCurve(out, placement, *fmem_cell);
  out.Add(Metric::kSamples, {}, Number(placement.samples));
  out.Add(Metric::kSamplesLost, {}, Number(placement.samples_lost));
  out.Add(Metric::kMoved, {"exchange"}, Number(placement.exchanged));
  out.Add(Metric::kMoved, {"promotion"}, Number(placement.promoted));
  out.Add(Metric::kMoved, {"demotion"}, Number(placement.demoted));
  for (std::size_t reason = 0; reason < kRefusals; ++reason) {
    out.Add(Metric::kRefusedPages, {kRefusalNames[reason]}, Number(placement.refusals[reason]));
  }
  out.Add(Metric::kTlbFlushes, {}, Number(placement.tlb_flushes));
  out.Add(Metric::kPlacementCpu, {"sampling"}, Number(placement.sampling_cpu_ns) / 1e9);
  out.Add(Metric::kPlacementCpu, {"classification"}, Number(placement.classification_cpu_ns) / 1e9);
  out.Add(Metric::kPlacementCpu, {"migration"}, Number(placement.migration_cpu_ns) / 1e9);
}

}  // namespace

std::string Expose(const AgentFigures& figures) {
  Writer out;
  out.Add(Metric::kBuildInfo, {figures.version}, 1);
  out.Add(Metric::kLinkUp, {}, figures.link_up ? 1 : 0);
  std::optional<Bytes> fmem_cell;
  if (figures.balloons) {
    AddBalloons(out, *figures.balloons);
    if (const auto& fmem = figures.balloons->snapshot.tiers.fmem()) fmem_cell = fmem->present;
  }
  const PlacementFigures* const placement = figures.placement.get();
  const bool known = placement != nullptr && !placement->source.empty();
  out.Add(Metric::kPlacementInfo, {known ? std::string_view(placement->source) : "none"}, 1);
  if (placement != nullptr) AddPlacement(out, *placement, fmem_cell);
  out.Add(Metric::kProcessCpu, {}, ProcessCpuSeconds());
  out.Add(Metric::kProcessResident, {}, ProcessResidentBytes());
  return out.Take();
}

}  // namespace hypertier::agent
