// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/report/panels.h"

#include <fmt/format.h>

#include "common/tier.h"

namespace hypertier::tierctl {
namespace {

struct Figure {
  const char* metric;
  const char* name;
};

// A panel a tier of gauges that have the label `tier`, summed over what else they have.
Panel TierPanel(TierId tier, std::string title, std::string about, const std::string& matcher,
                const std::vector<Figure>& figures) {
  Panel panel{fmt::format("{}: {}", tier == TierId::kFmem ? "FMEM" : "SMEM", std::move(title)),
              std::move(about),
              Unit::kBytes,
              {}};
  for (const Figure& figure : figures) {
    panel.questions.push_back(
        {fmt::format(R"(sum({}{{{},tier="{}"}}))", figure.metric, matcher, TierName(tier)), figure.name, ""});
  }
  return panel;
}

}  // namespace

std::vector<Panel> VmPanels(const std::string& matcher, const std::string& window) {
  std::vector<Panel> panels;
  for (const TierId tier : kTiers) {
    panels.push_back(TierPanel(
        tier, "what the VM has",
        "Resident is what the host backs, measured on the host; above its target a VM is to give back.", matcher,
        {{"hypertier_vm_tier_resident_bytes", "resident"},
         {"hypertier_vm_tier_target_bytes", "target"},
         {"hypertier_vm_tier_reservation_bytes", "reservation"},
         {"hypertier_vm_tier_limit_bytes", "limit"}}));
  }
  panels.push_back({"Accesses that FMEM serves",
                    "By the guest's own samples.",
                    Unit::kShare,
                    {{fmt::format("sum(hypertier_vm_fmem_hit_ratio{{{}}})", matcher), "hit ratio", ""}}});
  panels.push_back(
      {"Moved between the tiers",
       "By the guest's agent; an exchange of two pages counts both.",
       Unit::kBytesPerSecond,
       {{fmt::format("sum by (how) (rate(hypertier_vm_moved_bytes_total{{{}}}[{}]))", matcher, window), "", "how"}}});
  panels.push_back({"Waiting for memory",
                    "Share of time in which some program of the guest waits, by its kernel.",
                    Unit::kShare,
                    {{fmt::format("sum(hypertier_vm_memory_pressure_ratio{{{}}})", matcher), "pressure", ""}}});
  panels.push_back(
      {"CPU time of placement",
       "CPU seconds a second of the guest's agent, by stage.",
       Unit::kShare,
       {{fmt::format("sum by (stage) (rate(hypertier_vm_placement_cpu_seconds_total{{{}}}[{}]))", matcher, window), "",
         "stage"}}});
  panels.push_back({"Out of line",
                    "1 while so; a violating VM does not give back what it holds above its target.",
                    Unit::kNumber,
                    {{fmt::format("max(hypertier_vm_tier_violating{{{}}})", matcher), "violating", ""},
                     {fmt::format("1 - min(hypertier_vm_agent_up{{{}}})", matcher), "no agent", ""}}});
  return panels;
}

std::vector<Panel> TenantPanels(const std::string& matcher) {
  std::vector<Panel> panels;
  for (const TierId tier : kTiers) {
    panels.push_back(TierPanel(tier, "what the tenant has",
                               "Over all hosts. Allotted is what its VMs may use, charged what they hold or may hold; "
                               "its own reservation and limit, where it has terms, are each host's.",
                               matcher,
                               {{"hypertier_tenant_tier_resident_bytes", "resident"},
                                {"hypertier_tenant_tier_allotted_bytes", "allotted"},
                                {"hypertier_tenant_tier_charged_bytes", "charged"},
                                {"hypertier_tenant_tier_burst_bytes", "burst"},
                                {"hypertier_tenant_tier_reservation_bytes", "reservation"},
                                {"hypertier_tenant_tier_limit_bytes", "limit"}}));
  }
  panels.push_back({"VMs",
                    "Two-tier VMs of the tenant.",
                    Unit::kNumber,
                    {{fmt::format("sum(hypertier_tenant_vms{{{}}})", matcher), "VMs", ""}}});
  return panels;
}

std::vector<Panel> HostPanels(const std::string& matcher, const std::string& window) {
  std::vector<Panel> panels;
  for (const TierId tier : kTiers) {
    panels.push_back(TierPanel(
        tier, "what there is, and who has it",
        "Allotted is what VMs may use, charged what they hold or may hold, resident what the host backs.", matcher,
        {{"hypertier_host_tier_resident_bytes", "resident"},
         {"hypertier_host_tier_allotted_bytes", "allotted"},
         {"hypertier_host_tier_charged_bytes", "charged"},
         {"hypertier_host_tier_reservation_bytes", "reserved"},
         {"hypertier_host_tier_capacity_bytes", "capacity"}}));
    panels.push_back(TierPanel(
        tier, "lent, and owed",
        "Burst is held above reservations and can be taken back; missing is reserved, wanted and not had.", matcher,
        {{"hypertier_host_tier_burst_bytes", "burst"}, {"hypertier_host_tier_missing_bytes", "missing"}}));
  }
  panels.push_back({"Accesses that FMEM serves",
                    "Of all guests, by their own samples.",
                    Unit::kShare,
                    {{fmt::format("avg(hypertier_host_fmem_hit_ratio{{{}}})", matcher), "hit ratio", ""}}});
  panels.push_back({"VMs",
                    "By whether hypertierd governs them.",
                    Unit::kNumber,
                    {{fmt::format("sum by (management) (hypertier_vms{{{}}})", matcher), "", "management"}}});
  panels.push_back(
      {"Planning",
       "Time to plan the targets of all VMs: 99 of 100 plans take no longer.",
       Unit::kSeconds,
       {{fmt::format("histogram_quantile(0.99, sum by (le) (rate(hypertier_plan_duration_seconds_bucket{{{}}}[{}])))",
                     matcher, window),
         "99th percentile", ""}}});
  panels.push_back(
      {"Not as it should be",
       "1 while so.",
       Unit::kNumber,
       {{fmt::format("max(hypertier_host_degraded{{{}}})", matcher), "degraded", ""},
        {fmt::format("max(hypertier_host_maintenance{{{}}})", matcher), "maintenance", ""},
        {fmt::format("1 - min(hypertier_libvirt_connected{{{}}})", matcher), "no libvirt", ""},
        {fmt::format("1 - min(hypertier_config_in_force{{{}}})", matcher), "configuration not in force", ""}}});
  return panels;
}

}  // namespace hypertier::tierctl
