// SPDX-License-Identifier: Apache-2.0
//
// Every metric of hypertierd, defined once: collector.cc renders by this table and the documentation is made from it.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace hypertier::metrics {

enum class Metric : std::size_t {
  kBuildInfo,
  kConfigInForce,
  kLibvirtConnected,
  kHostDegraded,
  kHostMaintenance,
  kHostCapacity,
  kHostReservation,
  kHostCharged,
  kHostBurst,
  kHostMissing,
  kHostHitRatio,
  kTenantReservation,
  kTenantVmsReservation,
  kTenantLimit,
  kVms,
  kVmInfo,
  kTierCell,
  kTierTarget,
  kTierBalloon,
  kTierResident,
  kTierShortfall,
  kTierViolating,
  kTierDisplaced,
  kTierCharged,
  kAgentUp,
  kLinkResets,
  kImplausible,
  kOomDeflates,
  kOomDeflatedBytes,
  kMemoryPressure,
  kHitRatio,
  kAccessRate,
  kHotSet,
  kSamples,
  kSamplesLost,
  kMoved,
  kRefusedPages,
  kTlbFlushes,
  kPlacementCpu,
  kPlacementInfo,
  kOperations,
  kOperationsRunning,
  kRpc,
  kCount,
};

struct Definition {
  Metric metric;
  std::string_view name;
  bool counter;
  // Base unit; empty: a plain number.
  std::string_view unit;
  // Separated by commas. Label "vm" is the domain's UUID.
  std::string_view labels;
  std::string_view help;
};

inline constexpr std::array<Definition, static_cast<std::size_t>(Metric::kCount)> kDefinitions = {{
    {Metric::kBuildInfo, "hypertier_build_info", false, "", "version", "Always 1; the label is hypertierd's version."},
    {Metric::kConfigInForce, "hypertier_config_in_force", false, "", "",
     "1 while the configuration as last read is in force, 0 while it has errors or keys that take a restart."},
    {Metric::kLibvirtConnected, "hypertier_libvirt_connected", false, "", "",
     "1 while hypertierd is connected to libvirt, else 0."},
    {Metric::kHostDegraded, "hypertier_host_degraded", false, "", "",
     "1 while no new VM should come here: no connection to libvirt, nothing planned, or reservations that do not fit; "
     "else 0."},
    {Metric::kHostMaintenance, "hypertier_host_maintenance", false, "", "",
     "1 while the host is in maintenance, else 0."},
    {Metric::kHostCapacity, "hypertier_host_tier_capacity_bytes", false, "bytes", "tier",
     "What VMs may have of the host's tier. Absent while not known."},
    {Metric::kHostReservation, "hypertier_host_tier_reservation_bytes", false, "bytes", "tier",
     "What is reserved of the tier; of each tenant the larger of its own reservation and those of its VMs."},
    {Metric::kHostCharged, "hypertier_host_tier_charged_bytes", false, "bytes", "tier",
     "What VMs hold or may hold of the tier."},
    {Metric::kHostBurst, "hypertier_host_tier_burst_bytes", false, "bytes", "tier",
     "What planned VMs have above their reservations, and can be taken back."},
    {Metric::kHostMissing, "hypertier_host_tier_missing_bytes", false, "bytes", "tier",
     "What planned VMs have less than what they reserved and want."},
    {Metric::kHostHitRatio, "hypertier_host_fmem_hit_ratio", false, "", "",
     "Share of all guests' memory accesses that FMEM serves, as they estimate. Absent without accesses."},
    {Metric::kTenantReservation, "hypertier_tenant_tier_reservation_bytes", false, "bytes", "tenant,tier",
     "What the tenant itself reserves. Of tenants with terms."},
    {Metric::kTenantVmsReservation, "hypertier_tenant_tier_vms_reservation_bytes", false, "bytes", "tenant,tier",
     "What the tenant's VMs reserve; of one that is not planned, its target. Of tenants with terms."},
    {Metric::kTenantLimit, "hypertier_tenant_tier_limit_bytes", false, "bytes", "tenant,tier",
     "The tenant's limit. Absent where it has none."},
    {Metric::kVms, "hypertier_vms", false, "", "management",
     "Domains that libvirt knows, by whether hypertierd governs them."},
    {Metric::kVmInfo, "hypertier_vm_info", false, "", "vm,name,tenant", "Always 1; name and tenant of each domain."},
    {Metric::kTierCell, "hypertier_vm_tier_cell_bytes", false, "bytes", "vm,tier",
     "Size of the guest NUMA cell: the most that the tier can be."},
    {Metric::kTierTarget, "hypertier_vm_tier_target_bytes", false, "bytes", "vm,tier",
     "What the VM may use of the tier. Absent while no target is known."},
    {Metric::kTierBalloon, "hypertier_vm_tier_balloon_bytes", false, "bytes", "vm,tier",
     "What the tier's balloon holds back, as the guest says. Absent until it has reported."},
    {Metric::kTierResident, "hypertier_vm_tier_resident_bytes", false, "bytes", "vm,tier",
     "What the host really backs of the tier, measured on the host. Absent when it cannot be measured."},
    {Metric::kTierShortfall, "hypertier_vm_tier_shortfall_bytes", false, "bytes", "vm,tier",
     "What the guest could not give up at its last attempt, as it says."},
    {Metric::kTierViolating, "hypertier_vm_tier_violating", false, "", "vm,tier",
     "1 while the VM does not give back what it holds above its target, else 0."},
    {Metric::kTierDisplaced, "hypertier_vm_tier_displaced_bytes", false, "bytes", "vm,tier",
     "Of the tier's memory, what lies on the host's nodes of SMEM because the VM kept more than its target."},
    {Metric::kTierCharged, "hypertier_vm_tier_charged_bytes", false, "bytes", "vm,tier",
     "What the host must count against its capacity: the larger of target and resident, or the whole cell until the "
     "guest has "
     "confirmed its balloons."},
    {Metric::kAgentUp, "hypertier_vm_agent_up", false, "", "vm",
     "1 while the guest's agent reports, else 0. Two-tier domains only."},
    {Metric::kLinkResets, "hypertier_vm_link_resets_total", true, "", "vm",
     "Times the agent's link was reset because of what came over it."},
    {Metric::kImplausible, "hypertier_vm_implausible_figures_total", true, "", "vm",
     "Impossible figures in the guest's reports (larger than the cell, tiers named twice), bounded or left out."},
    {Metric::kOomDeflates, "hypertier_vm_oom_deflates_total", true, "", "vm",
     "Times the guest ran out of memory and took some back from its balloons, since its boot, as it says."},
    {Metric::kOomDeflatedBytes, "hypertier_vm_oom_deflated_bytes_total", true, "bytes", "vm",
     "Bytes that the guest took back when out of memory, since its boot, as it says."},
    {Metric::kMemoryPressure, "hypertier_vm_memory_pressure_ratio", false, "", "vm",
     "Share of time in which some program of the guest waits for memory, as it says."},
    {Metric::kHitRatio, "hypertier_vm_fmem_hit_ratio", false, "", "vm",
     "Share of the guest's memory accesses that FMEM serves, as it estimates. Absent without accesses."},
    {Metric::kAccessRate, "hypertier_vm_memory_access_rate", false, "", "vm",
     "Memory accesses a second that the guest's samples stand for, as it says."},
    {Metric::kHotSet, "hypertier_vm_hot_set_bytes", false, "bytes", "vm",
     "Densest memory of the guest that fits into FMEM, as it says."},
    {Metric::kSamples, "hypertier_vm_access_samples_total", true, "", "vm",
     "Samples of memory accesses that the guest's agent has used, since it started."},
    {Metric::kSamplesLost, "hypertier_vm_access_samples_lost_total", true, "", "vm",
     "Samples that the guest's kernel had no room for, since its agent started."},
    {Metric::kMoved, "hypertier_vm_moved_bytes_total", true, "bytes", "vm,how",
     "Memory moved between the guest's tiers, since its agent started; how is exchange, promotion or demotion."},
    {Metric::kRefusedPages, "hypertier_vm_refused_pages_total", true, "", "vm",
     "Pages that the guest could not move between its tiers, since its agent started."},
    {Metric::kTlbFlushes, "hypertier_vm_exchange_tlb_flushes_total", true, "", "vm",
     "TLB shoot-downs that exchanges needed, since the guest's agent started."},
    {Metric::kPlacementCpu, "hypertier_vm_placement_cpu_seconds_total", true, "seconds", "vm,stage",
     "CPU time of the guest's agent for placement, since it started; stage is sampling, classification or migration."},
    {Metric::kPlacementInfo, "hypertier_vm_placement_info", false, "", "vm,source",
     "Always 1; where the guest's agent knows accesses from: pebs, accessed-bit, replay or none."},
    {Metric::kOperations, "hypertier_operations_total", true, "", "state", "Resizes that have ended, by how."},
    {Metric::kOperationsRunning, "hypertier_operations_running", false, "", "", "Resizes that have not ended."},
    {Metric::kRpc, "hypertier_rpc_total", true, "", "method,code", "gRPC calls answered, by method and status code."},
}};

constexpr const Definition& DefinitionOf(Metric metric) {
  return kDefinitions[static_cast<std::size_t>(metric)];
}

}  // namespace hypertier::metrics
