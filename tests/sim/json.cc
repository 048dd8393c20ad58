// SPDX-License-Identifier: Apache-2.0
//
// By hand: names need no quoting, since scenarios allow only plain ones.
#include <fmt/format.h>

#include <functional>

#include "tests/sim/report.h"

namespace hypertier::sim {
namespace {

std::string Line(const GroupResult& group, const std::function<double(const Moment&)>& value) {
  std::string text = "[";
  for (const Moment& moment : group.line) text += fmt::format("{}{:.6g}", text.size() > 1 ? "," : "", value(moment));
  return text + "]";
}

}  // namespace

std::string FormatJson(const Scenario& scenario, const Comparison& comparison) {
  const Result& result = comparison.result;
  std::string groups;
  for (std::size_t g = 0; g < scenario.groups.size(); ++g) {
    const GroupResult& of = result.groups[g];
    std::string tiers;
    for (const TierId tier : kTiers) {
      const auto line = [&](Bytes Moment::Tier::*field) {
        return Line(of, [&](const Moment& moment) { return static_cast<double>((moment.tiers[tier].*field).count()); });
      };
      tiers += fmt::format(R"(, "{}": {{"demand": {}, "target": {}, "held": {}}})", TierName(tier),
                           line(&Moment::Tier::demand), line(&Moment::Tier::target), line(&Moment::Tier::held));
    }
    groups +=
        fmt::format(R"({}  {{"name": "{}", "tenant": "{}", "vms": {}{}, "accesses": {}, "served": {}}})",
                    g > 0 ? ",\n" : "", scenario.groups[g].name, scenario.tenants[scenario.groups[g].tenant].name,
                    scenario.groups[g].count, tiers, Line(of, [](const Moment& moment) { return moment.accesses; }),
                    Line(of, [](const Moment& moment) { return moment.served; }));
  }
  return fmt::format(
      "{{\"policy\": \"{}\", \"period_s\": {}, \"fmem\": {}, \"smem\": {}, \"gain_over_static\": {:.6g},\n"
      " \"gain_over_proportional\": {:.6g}, \"violations\": {}, \"longest_unmet_s\": {:g}, \"groups\": [\n{}\n]}}\n",
      result.policy, scenario.period, scenario.capacity.fmem().count(), scenario.capacity.smem().count(),
      comparison.gain_over_static(), comparison.gain_over_proportional(), result.violations, result.longest_unmet(),
      groups);
}

}  // namespace hypertier::sim
