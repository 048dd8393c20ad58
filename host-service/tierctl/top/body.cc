// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/body.h"

#include <fmt/format.h>

#include <algorithm>

#include "host-service/tierctl/top/bar.h"
#include "host-service/tierctl/top/columns.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl::top {
namespace {

// What a tier is doing, the more worth a look the higher.
int Interest(const v1::Tier& tier) {
  if (tier.compliance() == v1::COMPLIANCE_VIOLATING || tier.compliance() == v1::COMPLIANCE_CONFINED) return 5;
  switch (tier.state()) {
    case v1::TIER_STATE_SHORT:
      return 4;
    case v1::TIER_STATE_SHRINKING:
      return 3;
    case v1::TIER_STATE_GROWING:
      return 2;
    case v1::TIER_STATE_UNSPECIFIED:
      return 1;
    default:
      return 0;
  }
}

Style StyleOf(const v1::Vm& vm, const v1::Tier& tier) {
  if (vm.management() != v1::MANAGEMENT_MANAGED) return Style::kDim;
  if (Interest(tier) >= 4) return Style::kBad;
  return Interest(tier) >= 2 ? Style::kMoving : Style::kGood;
}

// The cells of one tier: bar and figures.
void AddTier(Line& line, const Widths& widths, const BarOf& bar, Style style, const Glyphs& glyphs) {
  if (widths.bar > 0) {
    line.Text(style, Bar(bar, widths.bar, glyphs));
    line.Blanks(1);
  }
  if (widths.figures == 0) return;
  std::string figures = ShortSize(bar.charged);
  if (widths.figures == kTwoFigures) figures += "/" + (bar.target ? ShortSize(*bar.target) : "-");
  line.ColumnRight(Style::kPlain, figures, widths.figures);
  line.Blanks(1);
}

void SkipTier(Line& line, const Widths& widths) {
  if (widths.bar > 0) line.Blanks(widths.bar + 1);
  if (widths.figures > 0) line.Blanks(widths.figures + 1);
}

void AddName(Line& line, const Widths& widths, Style style, const std::string& name) {
  line.Column(style, name, widths.name);
  line.Blanks(1);
}

void AddState(Line& line, const Widths& widths, const v1::Vm& vm, const Glyphs& glyphs) {
  const v1::Tier* foremost = nullptr;
  for (const v1::Tier& tier : vm.tiers()) {
    if (foremost == nullptr || Interest(tier) > Interest(*foremost)) foremost = &tier;
  }
  std::string word = Word(v1::Management_Name(vm.management()), "MANAGEMENT_");
  Style style = vm.management() == v1::MANAGEMENT_WAITING ? Style::kMoving : Style::kDim;
  std::string reason = vm.reason();
  if (vm.management() == v1::MANAGEMENT_MANAGED && foremost != nullptr) {
    word = StateWord(vm, *foremost);
    // Which of the two it is, where that is of interest.
    if (Interest(*foremost) >= 2) word = TierWord(foremost->kind()) + " " + word;
    style = StyleOf(vm, *foremost);
    reason = foremost->reason();
  }
  if (widths.state > 0) {
    line.Column(style, word, widths.state);
    line.Blanks(1);
  } else {
    line.Text(style, word);
    line.Blanks(2);
  }
  line.Text(Style::kPlain, Shown(reason, glyphs));
}

Line FormatVm(const v1::Vm& vm, std::size_t width, const Glyphs& glyphs) {
  const Widths widths = WidthsFor(width);
  Line line(width, glyphs);
  AddName(line, widths, Style::kPlain, "  " + Shown(vm.display_name(), glyphs));
  for (const TierId id : kTiers) {
    const v1::Tier* tier = TierOf(vm, id);
    if (tier == nullptr) {
      SkipTier(line, widths);
      continue;
    }
    BarOf bar{.whole = tier->cell_bytes(), .charged = tier->charged_bytes(), .resident = {}, .target = {}};
    if (tier->has_resident_bytes()) bar.resident = tier->resident_bytes();
    if (tier->has_target_bytes()) bar.target = tier->target_bytes();
    AddTier(line, widths, bar, StyleOf(vm, *tier), glyphs);
  }
  if (widths.hits > 0) {
    const v1::Placement& placement = vm.placement();
    const std::string hits = vm.tiers().empty() ? ""
                             : placement.has_hit_ratio()
                                 ? fmt::format("{:.0f}%", 100 * std::clamp(placement.hit_ratio(), 0.0, 1.0))
                                 : "-";
    line.ColumnRight(Style::kPlain, hits, widths.hits);
    line.Blanks(1);
  }
  AddState(line, widths, vm, glyphs);
  line.End();
  return line;
}

// A tenant's bar is of its limit, else of what the host has.
BarOf TenantBar(const Row& row, TierId id, const v1::Host* host) {
  const v1::TierKind kind = id == TierId::kFmem ? v1::TIER_KIND_FMEM : v1::TIER_KIND_SMEM;
  BarOf bar{.whole = 0, .charged = row.charged[id], .resident = row.charged[id], .target = row.targets[id]};
  if (host != nullptr) {
    for (const v1::HostTier& tier : host->tiers()) {
      if (tier.kind() == kind) bar.whole = tier.capacity_bytes();
    }
  }
  if (row.terms == nullptr) return bar;
  for (const v1::TenantTier& tier : row.terms->tiers()) {
    if (tier.kind() == kind && tier.has_limit_bytes()) bar.whole = tier.limit_bytes();
  }
  return bar;
}

Line FormatTenant(const Row& row, const v1::Host* host, bool folded, std::size_t width, const Glyphs& glyphs) {
  const Widths widths = WidthsFor(width);
  Line line(width, glyphs);
  // Ids may be UUIDs; what is for people goes first.
  const bool named = row.terms != nullptr && !row.terms->display_name().empty();
  const std::string name = named                ? Shown(row.terms->display_name(), glyphs)
                           : row.tenant.empty() ? "no tenant"
                                                : Shown(row.tenant, glyphs);
  AddName(line, widths, Style::kBold, fmt::format("{} {}", folded ? glyphs.folded : glyphs.unfolded, name));
  for (const TierId id : kTiers) AddTier(line, widths, TenantBar(row, id, host), Style::kBold, glyphs);
  if (widths.hits > 0) line.Blanks(widths.hits + 1);
  line.Text(Style::kBold, fmt::format("{} VM{}", row.vms, row.vms == 1 ? "" : "s"));
  if (named) line.Text(Style::kDim, "  " + Shown(row.tenant, glyphs));
  if (row.terms != nullptr) {
    const auto& tiers = row.terms->tiers();
    if (!row.terms->problems().empty()) line.Text(Style::kBad, "  " + Shown(row.terms->problems(0), glyphs));
    // FMEM, then SMEM.
    if (tiers.size() == 2) {
      line.Text(Style::kDim, fmt::format("  reserved {}/{}", ShortSize(tiers[0].reservation_bytes()),
                                         ShortSize(tiers[1].reservation_bytes())));
    }
  }
  line.End();
  return line;
}

}  // namespace

Line FormatRow(const Row& row, const v1::Host* host, bool folded, std::size_t width, const Glyphs& glyphs) {
  return row.vm != nullptr ? FormatVm(*row.vm, width, glyphs) : FormatTenant(row, host, folded, width, glyphs);
}

}  // namespace hypertier::tierctl::top
