// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace hypertier::sim {
namespace {

// A row's figures: of one tier of a group, or of all groups of a tenant.
struct Row {
  std::size_t vms = 0;
  Bytes reserved;
  double demand = 0;
  double target = 0;
  double held = 0;
  GroupResult::Unmet unmet;
  double accesses = 0;
  double served = 0;

  void Add(const Group& group, const GroupResult& result, TierId tier) {
    vms += group.count;
    reserved += Bytes(group.policy[tier].reservation.count() * group.count);
    for (const Moment& moment : result.line) {
      const auto mean = [&](Bytes of_all) {
        return static_cast<double>(of_all.count()) / static_cast<double>(result.line.size());
      };
      demand += mean(moment.tiers[tier].demand);
      target += mean(moment.tiers[tier].target);
      held += mean(moment.tiers[tier].held);
      accesses += moment.accesses;
      served += moment.served;
    }
    unmet.worst = std::max(unmet.worst, result.unmet[tier].worst);
    unmet.longest = std::max(unmet.longest, result.unmet[tier].longest);
  }
};

std::string Size(double bytes) {
  return FormatBytes(Bytes(static_cast<std::uint64_t>(bytes)));
}

class Table {
 public:
  explicit Table(const Scenario& scenario) {
    for (const qos::Tenant& tenant : scenario.tenants) width_ = std::max(width_, tenant.name.size());
    for (const Group& group : scenario.groups) width_ = std::max(width_, group.name.size() + 2);
    text_ = fmt::format("{:<{}}  {:>6}  {:<4}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}  {:>7}  {:>6}\n", "TENANT, GROUP",
                        width_, "VMS", "TIER", "RESERVED", "DEMAND", "TARGET", "HELD", "SHORT", "FOR", "HITS");
  }

  // The hit ratio is of both tiers; it stands at FMEM's.
  void Add(const std::string& name, TierId tier, const Row& row) {
    const bool first = tier == TierId::kFmem;
    const bool unmet = row.unmet.longest > 0;
    const std::string hits =
        first && row.accesses > 0 ? fmt::format("{:.1f} %", 100 * row.served / row.accesses) : std::string();
    std::string line =
        fmt::format("{:<{}}  {:>6}  {:<4}  {:>10}  {:>10}  {:>10}  {:>10}  {:>10}  {:>7}  {:>6}", first ? name : "",
                    width_, first ? std::to_string(row.vms) : "", TierName(tier), FormatBytes(row.reserved),
                    Size(row.demand), Size(row.target), Size(row.held), unmet ? FormatBytes(row.unmet.worst) : "-",
                    unmet ? fmt::format("{:g} s", row.unmet.longest) : "-", hits);
    line.erase(line.find_last_not_of(' ') + 1);
    text_ += line + '\n';
  }

  const std::string& text() const { return text_; }

 private:
  // Of the first column: its title, or the longest name.
  std::size_t width_ = 13;
  std::string text_;
};

// Accesses in FMEM against a peer's.
std::string Versus(const Result& peer, double gain) {
  return fmt::format("{:.3f} times as many as {} ({:.3g}/s)", gain, peer.policy,
                     peer.groups.empty() || peer.groups[0].line.empty()
                         ? 0.0
                         : peer.served() / static_cast<double>(peer.groups[0].line.size()));
}

}  // namespace

std::string FormatReport(const Scenario& scenario, const Comparison& comparison) {
  const Result& result = comparison.result;
  Table table(scenario);
  for (std::size_t t = 0; t < scenario.tenants.size(); ++t) {
    PerTier<Row> all;
    for (std::size_t g = 0; g < scenario.groups.size(); ++g) {
      if (scenario.groups[g].tenant != t) continue;
      for (const TierId tier : kTiers) all[tier].Add(scenario.groups[g], result.groups[g], tier);
    }
    for (const TierId tier : kTiers) {
      // Its own reservation, where that is more than those of its VMs.
      all[tier].reserved = std::max(all[tier].reserved, scenario.tenants[t].policy[tier].reservation);
      table.Add(scenario.tenants[t].name, tier, all[tier]);
    }
    for (std::size_t g = 0; g < scenario.groups.size(); ++g) {
      if (scenario.groups[g].tenant != t) continue;
      for (const TierId tier : kTiers) {
        Row row;
        row.Add(scenario.groups[g], result.groups[g], tier);
        table.Add("  " + scenario.groups[g].name, tier, row);
      }
    }
  }
  const double periods = static_cast<double>(std::max<std::size_t>(1, result.groups[0].line.size()));
  std::string text = fmt::format(
      "{}\npolicy {}, {:g} s in periods of {:g} s; sums of each row's VMs, means over time; SHORT and FOR: the worst "
      "VM\n"
      "  served by FMEM         {:.3g}/s, {:.1f} % of all accesses\n                         {}\n"
      "                         {}\n"
      "  moved                  {}\n  invariants violated    in {} periods\n  longest unmet          {:g} s\n",
      table.text(), result.policy, scenario.seconds, scenario.period, result.served() / periods,
      result.accesses() > 0 ? 100 * result.served() / result.accesses() : 0.0,
      Versus(comparison.at_static, comparison.gain_over_static()),
      Versus(comparison.at_proportional, comparison.gain_over_proportional()), FormatBytes(result.moved),
      result.violations, result.longest_unmet());
  for (const std::string& one : result.broken) text += fmt::format("    {}\n", one);
  return text;
}

}  // namespace hypertier::sim
