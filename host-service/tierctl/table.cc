// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "host-service/tierctl/text_width.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl {
namespace {

std::string FormatPlacement(const v1::Placement& placement) {
  if (placement.source().empty()) return "off: " + placement.source_reason();
  const std::string hits = placement.has_hit_ratio()
                               ? fmt::format("{:.0f} % of accesses served by fmem", placement.hit_ratio() * 100)
                               : "no accesses seen";
  const std::uint64_t limit = placement.move_limit_bytes_per_second();
  return fmt::format("{}; {}, {} exchanged, {} promoted, {} demoted{}; {}", placement.source(), hits,
                     Size(placement.exchanged_bytes()), Size(placement.promoted_bytes()),
                     Size(placement.demoted_bytes()),
                     limit == 0 ? "" : fmt::format(", at most {} a second", Size(limit)), placement.source_reason());
}

// What the VM is promised, and why its targets are what they are.
std::string FormatPromise(const v1::Vm& vm) {
  std::vector<std::vector<std::string>> rows{{"  TIER", "RESERVED", "LIMIT", "SHARES", "TARGET"}};
  for (const v1::Tier& tier : vm.tiers()) {
    rows.push_back({"  " + TierWord(tier.kind()), Size(tier.reservation_bytes()), Size(tier.limit_bytes()),
                    fmt::format("{:g}", tier.shares()), OrDash(tier.reason())});
  }
  std::string out = FormatTable(rows, {1, 2, 3});
  for (const std::string& problem : vm.policy_problems()) out += fmt::format("  {}\n", Clean(problem));
  return out;
}

}  // namespace

std::string FormatTable(std::vector<std::vector<std::string>> rows, const std::vector<std::size_t>& right) {
  std::vector<std::size_t> widths;
  for (auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = Clean(row[i]);
      widths[i] = std::max(widths[i], Columns(row[i]));
    }
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string fill(widths[i] - Columns(row[i]), ' ');
      const bool flush_right = std::find(right.begin(), right.end(), i) != right.end();
      line += (flush_right ? fill + row[i] : row[i] + fill) + "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + '\n';
  }
  return out;
}

std::string FormatVms(const std::vector<v1::Vm>& vms, bool wide) {
  std::vector<std::vector<std::string>> rows;
  const auto add = [&](std::vector<std::string> row, const std::vector<std::string>& more) {
    if (wide) row.insert(row.end() - 1, more.begin(), more.end());
    rows.push_back(std::move(row));
  };
  add({"VM", "TENANT", "TIER", "CELL", "TARGET", "BALLOON", "RESIDENT", "STATE"}, {"STEP", "PACE", "PROVISIONER"});
  std::string notes;
  for (const v1::Vm& vm : vms) {
    const std::string tenant = OrDash(vm.tenant());
    if (vm.tiers().empty()) {
      add({vm.display_name(), tenant, "-", "-", "-", "-", "-",
           Word(v1::Management_Name(vm.management()), "MANAGEMENT_")},
          {"-", "-", "-"});
    }
    for (const v1::Tier& tier : vm.tiers()) {
      add({vm.display_name(), tenant, TierWord(tier.kind()), Size(tier.cell_bytes()),
           Size(tier.has_target_bytes(), tier.target_bytes()), Size(tier.has_balloon_bytes(), tier.balloon_bytes()),
           Size(tier.has_resident_bytes(), tier.resident_bytes()), StateWord(vm, tier)},
          {Size(tier.granularity_bytes()), PaceWord(tier), ProvisionerWord(vm.provisioner())});
    }
    if (!vm.reason().empty()) notes += Clean(vm.display_name() + ": " + vm.reason()) + "\n";
  }
  return FormatTable(rows, wide ? std::vector<std::size_t>{3, 4, 5, 6, 7, 8} : std::vector<std::size_t>{3, 4, 5, 6}) +
         (notes.empty() ? "" : "\n" + notes);
}

std::string FormatVm(const v1::Vm& vm) {
  std::string out = fmt::format("{}  {}\n", Clean(vm.display_name()), vm.name());
  const auto line = [&out](std::string_view key, std::string_view value) {
    out += fmt::format("  {:<11}{}\n", key, Clean(value));
  };
  line("tenant", OrDash(vm.tenant()));
  line("state", Word(v1::VmState_Name(vm.state()), "VM_STATE_"));
  line("managed", vm.management() == v1::MANAGEMENT_MANAGED
                      ? "yes"
                      : fmt::format("{}: {}", Word(v1::Management_Name(vm.management()), "MANAGEMENT_"), vm.reason()));
  if (!vm.tiers().empty()) line("tiers by", ProvisionerWord(vm.provisioner()));
  if (vm.has_agent() && !vm.agent().version().empty()) {
    const v1::Agent& agent = vm.agent();
    line("agent", fmt::format("{}, version {}, kernel {}, {} transport, last report {}",
                              Word(v1::Agent::LinkState_Name(agent.link_state()), "LINK_STATE_"), agent.version(),
                              agent.kernel_release(), agent.transport().empty() ? "unknown" : agent.transport(),
                              Stamp(agent.last_report_time())));
    if (agent.oom_deflates() > 0) {
      line("out of mem",
           fmt::format("{} times, {} taken back", agent.oom_deflates(), Size(agent.oom_deflated_bytes())));
    }
    if (agent.link_resets() > 0)
      line("resets", fmt::format("{} of the link, for what came over it", agent.link_resets()));
  }
  if (vm.has_placement()) line("placement", FormatPlacement(vm.placement()));
  if (!vm.tiers().empty()) line("policy", Word(v1::PolicyMode_Name(vm.policy_mode()), "POLICY_MODE_"));
  if (!vm.operation().empty()) line("operation", vm.operation());
  if (!vm.tiers().empty()) {
    std::vector<std::vector<std::string>> rows{
        {"  TIER", "CELL", "TARGET", "BALLOON", "RESIDENT", "FREE", "FLOOR", "CHARGED", "STEP", "PACE", "STATE"}};
    for (const v1::Tier& tier : vm.tiers()) {
      rows.push_back(
          {"  " + TierWord(tier.kind()), Size(tier.cell_bytes()), Size(tier.has_target_bytes(), tier.target_bytes()),
           Size(tier.has_balloon_bytes(), tier.balloon_bytes()), Size(tier.has_resident_bytes(), tier.resident_bytes()),
           Size(tier.has_free_bytes(), tier.free_bytes()), Size(tier.floor_bytes()), Size(tier.charged_bytes()),
           Size(tier.granularity_bytes()), PaceWord(tier), StateWord(vm, tier)});
    }
    out += "\n" + FormatTable(rows, {1, 2, 3, 4, 5, 6, 7, 8, 9});
    out += "\n" + FormatPromise(vm);
  }
  if (!vm.events().empty()) out += "\n  events\n";
  for (const v1::VmEvent& event : vm.events()) {
    out += fmt::format("  {}  {}\n", Stamp(event.time()), Clean(event.message()));
  }
  return out;
}

}  // namespace hypertier::tierctl
