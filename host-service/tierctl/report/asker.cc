// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/asker.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <utility>

namespace hypertier::tierctl::report {
namespace {

std::string LabelOf(const Labels& labels, const std::string& name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

}  // namespace

std::string Asker::Own(std::string_view metric, std::vector<std::pair<std::string, std::string>> labels) const {
  if (scope_.kind == Kind::kTenant) labels.emplace_back("tenant", scope_.name);
  if (scope_.kind == Kind::kVm) labels.emplace_back("vm", scope_.vm);
  return scope_.Of(metric, std::move(labels));
}

std::string Asker::OfTenantsVms(const std::string& expression) const {
  return fmt::format("({}) * on (vm) group_left () group by (vm) ({})", expression,
                     scope_.Of("hypertier_vm_info", {{"tenant", scope_.name}}));
}

std::map<std::string, double> Asker::Rise(std::string_view metric, const std::string& label) {
  const bool tenant = scope_.kind == Kind::kTenant;
  std::string query = fmt::format("increase({}[{}s])", tenant ? scope_.Of(metric) : Own(metric), span_.seconds());
  if (tenant) {
    // Of VMs that have gone before the end, too.
    query += fmt::format(" * on (vm) group_left () group by (vm) (last_over_time({}[{}s]))",
                         scope_.Of("hypertier_vm_info", {{"tenant", scope_.name}}), span_.seconds());
  }
  std::map<std::string, double> rise;
  for (const Sample& sample : Latest(fmt::format("sum by ({}) ({})", label, query))) {
    if (!std::isnan(sample.value)) rise[LabelOf(sample.labels, label)] += sample.value;
  }
  return rise;
}

std::map<std::string, Values> Asker::By(const std::string& label, const std::string& query, const Span& span) {
  std::map<std::string, Values> by;
  if (!status_.ok()) return by;
  auto series = prometheus_.Range(query, span);
  status_ = series.status();
  if (!series.ok()) return by;
  for (Series& one : *series) by.insert_or_assign(LabelOf(one.labels, label), std::move(one.values));
  return by;
}

Values Asker::One(const std::string& query) {
  std::map<std::string, Values> by = By("", query);
  return by.empty() ? Values(span_.size(), std::numeric_limits<double>::quiet_NaN()) : std::move(by.begin()->second);
}

PerTier<Values> Asker::Tiers(const std::string& query) {
  std::map<std::string, Values> by = By("tier", fmt::format("max by (tier) ({})", query));
  PerTier<Values> tiers;
  for (const TierId tier : kTiers) {
    const auto found = by.find(std::string(TierName(tier)));
    tiers[tier] =
        found != by.end() ? std::move(found->second) : Values(span_.size(), std::numeric_limits<double>::quiet_NaN());
  }
  return tiers;
}

std::vector<Sample> Asker::Latest(const std::string& query) {
  if (!status_.ok()) return {};
  auto samples = prometheus_.Instant(query, span_.to);
  status_ = samples.status();
  return samples.ok() ? *std::move(samples) : std::vector<Sample>();
}

}  // namespace hypertier::tierctl::report
