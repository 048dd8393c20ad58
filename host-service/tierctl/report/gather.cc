// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/gather.h"

#include <fmt/format.h>

#include <utility>

#include "host-service/tierctl/report/asker.h"
#include "host-service/tierctl/report/figures.h"
#include "host-service/tierctl/report/placement_charts.h"
#include "host-service/tierctl/report/tier_charts.h"

namespace hypertier::tierctl::report {
namespace {

std::string Title(const Scope& scope, const Span& span) {
  const std::string last = DescribeLast(span);
  switch (scope.kind) {
    case Kind::kHost:
      return fmt::format("Host {}: {}", scope.instance, last);
    case Kind::kTenant:
      return fmt::format("Tenant {}: {}", scope.name, last);
    case Kind::kVm:
      break;
  }
  return fmt::format("VM {}: {}", scope.name, last);
}

// Whose presence says that Prometheus heard of the scope.
std::string_view Presence(Kind kind) {
  switch (kind) {
    case Kind::kHost:
      return "hypertier_build_info";
    case Kind::kTenant:
      return "hypertier_tenant_vms";
    case Kind::kVm:
      break;
  }
  return "hypertier_vm_info";
}

void AddFacts(Asker& ask, Document& document) {
  const Scope& scope = ask.scope();
  const Span& span = ask.span();
  document.facts.emplace_back("Time", DescribeSpan(span));
  if (scope.kind != Kind::kHost) document.facts.emplace_back("Host", scope.instance);
  if (scope.kind == Kind::kVm) {
    document.facts.emplace_back("Tenant", scope.tenant.empty() ? "none" : scope.tenant);
    document.facts.emplace_back("UUID", scope.vm);
  }
  const Values there = ask.One(fmt::format("max({})", ask.Own(Presence(scope.kind))));
  const auto figures = FiguresOf(there);
  const double share = (figures ? static_cast<double>(figures->count) : 0) / static_cast<double>(there.size());
  document.facts.emplace_back(
      "Data", fmt::format("a point each {} s, for {:.0f} % of the time; gaps are left blank", span.step, share * 100));
  document.facts.emplace_back("From", fmt::format("Prometheus at {}", ask.prometheus()));
}

void AddEvents(Asker& ask, Table& events) {
  for (const auto& [_, count] : ask.Rise("hypertier_vm_oom_deflates_total")) {
    events.rows.push_back({"Times a guest ran out of memory and took some back", FormatCount(count)});
  }
  for (const auto& [_, bytes] : ask.Rise("hypertier_vm_oom_deflated_bytes_total")) {
    events.rows.push_back({"Memory that guests took back so", FormatFigure(Unit::kBytes, bytes)});
  }
  if (ask.scope().kind != Kind::kHost) return;
  for (const auto& [state, count] : ask.Rise("hypertier_operations_total", "state")) {
    events.rows.push_back(
        {fmt::format("Resizes that {}", state == "cancelled" ? "were cancelled" : state), FormatCount(count)});
  }
}

}  // namespace

absl::StatusOr<Document> Gather(const Prometheus& prometheus, const Scope& scope, const Span& span) {
  Asker ask(prometheus, scope, span);
  Document document;
  document.title = Title(scope, span);
  AddFacts(ask, document);
  Table figures{"Figures", {"", "Mean", "Least", "Most", "At the end"}, {}};
  Table events{"In this time", {}, {}};
  AddTiers(ask, document, figures, events);
  if (scope.kind == Kind::kTenant) AddVmsOfTenant(ask, document);
  AddHits(ask, document, figures, events);
  if (scope.kind == Kind::kVm) {
    AddHotness(ask, document);
    AddPlacementCpu(ask, document);
  }
  AddEvents(ask, events);
  if (!ask.status().ok()) return ask.status();
  if (!figures.rows.empty()) document.tables.push_back(std::move(figures));
  if (!events.rows.empty()) document.tables.push_back(std::move(events));
  return document;
}

}  // namespace hypertier::tierctl::report
