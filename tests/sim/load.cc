// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/load.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"
#include "common/text_file.h"
#include "host-service/qos/burst.h"
#include "tests/sim/section.h"

namespace hypertier::sim {
namespace {

constexpr Seconds kLongest = 1e6;

// One reading of one file.
class Loader {
 public:
  explicit Loader(std::string_view path) : errors_(path) {}

  absl::StatusOr<Scenario> Load(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      const toml::parse_error& error = parsed.error();
      errors_.Add(error.source().begin, "", fmt::format("{}; correct the TOML", error.description()));
      return errors_.Status();
    }
    Section file(parsed.table(), "", errors_);
    ReadFile(file);
    file.Close();
    if (absl::Status status = errors_.Status(); !status.ok()) return status;
    return scenario_;
  }

 private:
  void ReadFile(Section& file) {
    std::int64_t seed = 1;
    file.ReadCount("seed", 0, INT64_MAX, seed);
    scenario_.seed = static_cast<std::uint64_t>(seed);
    file.Read("seconds", 1, kLongest, scenario_.seconds);
    file.Read("policy", scenario_.policy);
    if (const auto policy = qos::MakeBurstPolicy(scenario_.policy); !policy.ok()) {
      file.Wrong("policy", ToString(policy.status().message()));
    }
    file.Require("host", "write [host] with the size of each tier");
    // In this order: percentages are of what was read before.
    file.ReadTable("host", [this](Section& host) { ReadHost(host); });
    file.Require("tenant", "write at least one [[tenant]]");
    file.ReadTables("tenant", [this](Section& tenant) { ReadTenant(tenant); });
    file.Require("group", "write at least one [[group]] of VMs");
    file.ReadTables("group", [this](Section& group) { ReadGroup(group); });
    file.ReadTable("expect", [this](Section& expect) { ReadExpect(expect); });
    if (scenario_.seconds < scenario_.period) {
      file.Wrong("seconds", "less than host.period_s, so nothing would happen; raise it");
    }
    if (scenario_.seconds / scenario_.period > kLongest) {
      file.Wrong("seconds", fmt::format("more than {} periods; write less, or a longer host.period_s", kLongest));
    }
  }

  void ReadHost(Section& host) {
    for (const TierId tier : kTiers) {
      host.Require(TierName(tier), "write the size of the tier, e.g. \"1TiB\"");
      host.Read(TierName(tier), scenario_.capacity[tier]);
    }
    host.Read("period_s", 0.01, 3600, scenario_.period);
    host.Read("stale_after_s", 0.01, kLongest, scenario_.stale_after);
    host.Read("overstay_after_s", 0, kLongest, scenario_.overstay_after);
    host.Read("deadline_s", 0, kLongest, scenario_.deadline);
  }

  void ReadTenant(Section& section) {
    qos::Tenant tenant;
    ReadName(section, tenant.name);
    if (std::ranges::count(scenario_.tenants, tenant.name, &qos::Tenant::name) > 0) {
      section.Wrong("name", fmt::format("there is a tenant {} already; write another name", tenant.name));
    }
    for (const TierId tier : kTiers) {
      section.ReadTable(TierName(tier),
                        [&](Section& of) { ReadPolicy(of, scenario_.capacity[tier], tenant.policy[tier]); });
    }
    scenario_.tenants.push_back(tenant);
  }

  void ReadName(Section& section, std::string& name) {
    section.Require("name", "write name = \"...\"");
    section.Read("name", name);
  }

  void ReadPolicy(Section& section, Bytes whole, qos::TierPolicy& policy) {
    section.Read("reservation", whole, policy.reservation);
    section.Read("limit", whole, policy.limit);
    section.Read("shares", 1e-3, 1e6, policy.shares);
    if (policy.reservation > policy.limit) {
      section.Wrong("reservation", fmt::format("{} is above the limit of {}; lower it, or raise the limit",
                                               FormatBytes(policy.reservation), FormatBytes(policy.limit)));
    }
  }

  void ReadGroup(Section& section) {
    Group group;
    ReadName(section, group.name);
    if (std::ranges::count(scenario_.groups, group.name, &Group::name) > 0) {
      section.Wrong("name", fmt::format("there is a group {} already; write another name", group.name));
    }
    std::string tenant;
    section.Require("tenant", "write the name of a tenant");
    section.Read("tenant", tenant);
    const auto found = std::ranges::find(scenario_.tenants, tenant, &qos::Tenant::name);
    if (found == scenario_.tenants.end()) {
      if (!tenant.empty()) section.Wrong("tenant", fmt::format("no tenant {}; write [[tenant]] above", tenant));
    } else {
      group.tenant = static_cast<std::size_t>(found - scenario_.tenants.begin());
    }
    std::int64_t count = 1;
    section.ReadCount("count", 1, 100'000, count);
    group.count = static_cast<std::size_t>(count);
    for (const TierId tier : kTiers) {
      section.Require(TierName(tier), "write { cell = \"...\" } and what it is promised");
      section.ReadTable(TierName(tier), [&](Section& of) { ReadCell(of, tier, group); });
    }
    ReadPace(section, group);
    ReadFaults(section, group.faults);
    section.Require("phase", "write at least one [[group.phase]]");
    section.ReadTables("phase", [&](Section& phase) { ReadPhase(phase, group); });
    if (group.repeat > 0 && !group.phases.empty() && group.phases.back().from >= group.repeat) {
      section.Wrong("repeat_s", "the last phase begins after that; raise it");
    }
    scenario_.groups.push_back(std::move(group));
  }

  void ReadCell(Section& section, TierId tier, Group& group) {
    section.Require("cell", "write the most that a VM can have of the tier");
    section.Read("cell", group.cells[tier]);
    ReadPolicy(section, group.cells[tier], group.policy[tier]);
    if (group.policy[tier].reservation > group.cells[tier]) {
      section.Wrong("reservation",
                    fmt::format("{} is above the cell of {}; lower it, or enlarge the cell",
                                FormatBytes(group.policy[tier].reservation), FormatBytes(group.cells[tier])));
    }
  }

  void ReadPace(Section& section, Group& group) {
    std::int64_t shrink = 4096;
    std::int64_t grow = 16384;
    section.ReadCount("shrink_mib_s", 1, 1 << 30, shrink);
    section.ReadCount("grow_mib_s", 1, 1 << 30, grow);
    group.shrink = Bytes::MiB(static_cast<std::uint64_t>(shrink));
    group.grow = Bytes::MiB(static_cast<std::uint64_t>(grow));
    section.Read("lag_s", 0, kLongest, group.lag);
    section.Read("repeat_s", 0, kLongest, group.repeat);
    section.Read("stagger_s", 0, kLongest, group.stagger);
    section.Read("spread", 0, 0.9, group.spread);
    section.Read("noise", 0, 0.9, group.noise);
  }

  void ReadFaults(Section& section, Faults& faults) {
    section.Read("ignores_targets", faults.ignores_targets);
    section.Read("lies", faults.lies);
    section.Read("lose", 0, 1, faults.lose);
    section.ReadTable("silent", [&](Section& silent) {
      silent.Require("from_s", "write the second in which the silence begins");
      silent.Require("to_s", "write the second in which it ends");
      silent.Read("from_s", 0, kLongest, faults.silent_from);
      silent.Read("to_s", 0, kLongest, faults.silent_to);
      if (faults.silent_to <= faults.silent_from) silent.Wrong("to_s", "not after from_s; write a later second");
    });
  }

  void ReadPhase(Section& section, Group& group) {
    Phase phase;
    section.Read("from_s", 0, kLongest, phase.from);
    section.Read("used", phase.used);
    section.Read("hot", phase.hot);
    section.Read("hot_share", 0, 1, phase.hot_share);
    section.Read("accesses", 0, 1e15, phase.accesses);
    section.Read("pressure", 0, 1, phase.pressure);
    const Bytes most = group.cells.fmem() + group.cells.smem();
    // With its spread it must fit, too.
    if (static_cast<double>(phase.used.count()) * (1 + group.spread) > static_cast<double>(most.count())) {
      section.Wrong(
          "used", fmt::format("{}{} is more than both cells have, {}; lower it, or enlarge a cell",
                              FormatBytes(phase.used), group.spread > 0 ? " with its spread" : "", FormatBytes(most)));
    }
    if (phase.hot > phase.used) {
      section.Wrong(
          "hot", fmt::format("{} is more than the {} used; lower it", FormatBytes(phase.hot), FormatBytes(phase.used)));
    }
    if (group.phases.empty() && phase.from > 0)
      section.Wrong("from_s", "what is before it? write 0 in the first phase");
    if (!group.phases.empty() && phase.from <= group.phases.back().from) {
      section.Wrong("from_s", "not after the phase before; write phases in their order");
    }
    group.phases.push_back(phase);
  }

  void ReadExpect(Section& section) {
    Expect& expect = scenario_.expect;
    if (section.Has("violations")) section.ReadCount("violations", 0, INT64_MAX, expect.violations.emplace(0));
    ReadFigure(section, "max_unmet_seconds", expect.max_unmet_seconds);
    ReadFigure(section, "min_gain_over_proportional", expect.min_gain_over_proportional);
    ReadFigure(section, "min_gain_over_static", expect.min_gain_over_static);
    section.Read("converged_after_s", 0, kLongest, expect.converged_after);
    ReadFigure(section, "max_moved_after_convergence", expect.max_moved_after_convergence);
    section.ReadTables("held", [this](Section& held) { ReadHeld(held); });
  }

  static void ReadFigure(Section& section, std::string_view field, std::optional<double>& figure) {
    if (section.Has(field)) section.Read(field, 0, 1e9, figure.emplace(0));
  }
  static void ReadFigure(Section& section, std::string_view field, std::optional<Bytes>& figure) {
    if (section.Has(field)) section.Read(field, figure.emplace());
  }

  void ReadHeld(Section& section) {
    Expect::Held held;
    section.Require("group", "write the name of a group");
    section.Read("group", held.group);
    if (!held.group.empty() && std::ranges::count(scenario_.groups, held.group, &Group::name) == 0) {
      section.Wrong("group", fmt::format("no group {}; write the name of a [[group]]", held.group));
    }
    std::string tier = "fmem";
    section.Read("tier", tier);
    if (tier != "fmem" && tier != "smem") section.Wrong("tier", fmt::format("no tier {}; write fmem or smem", tier));
    held.tier = tier == "smem" ? TierId::kSmem : TierId::kFmem;
    section.Require("at_s", "write the second at which to look");
    section.Read("at_s", 0, scenario_.seconds, held.at);
    ReadFigure(section, "least", held.least);
    ReadFigure(section, "most", held.most);
    scenario_.expect.held.push_back(held);
  }

  config::TomlErrors errors_;
  Scenario scenario_;
};

}  // namespace

absl::StatusOr<Scenario> LoadScenario(std::string_view text, std::string_view path) {
  return Loader(path).Load(text);
}

absl::StatusOr<Scenario> LoadScenarioFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadTextFile(path, "the scenario");
  if (text.ok()) return LoadScenario(*text, path);
  if (!absl::IsNotFound(text.status())) return text.status();
  return absl::NotFoundError(ToString(text.status().message()) + "; name a file of tests/sim/scenarios, or your own");
}

}  // namespace hypertier::sim
