// SPDX-License-Identifier: Apache-2.0
//
// Every metric of hypertier-agent, defined once: it is rendered by this table, and docs/metrics.md is made from it.
#pragma once

#include "common/metric.h"

namespace hypertier::agent {

enum class Metric : std::size_t {
  kBuildInfo,
  kLinkUp,
  kTierCell,
  kTierTarget,
  kTierBalloon,
  kTierFree,
  kTierShortfall,
  kOomDeflates,
  kOomDeflatedBytes,
  kMemoryPressure,
  kPlacementInfo,
  kHitRatio,
  kAccessRate,
  kHotSet,
  kExpectedHitRatio,
  kSamples,
  kSamplesLost,
  kMoved,
  kRefusedPages,
  kTlbFlushes,
  kPlacementCpu,
  kProcessCpu,
  kProcessResident,
  kCount,
};

inline constexpr MetricTable<Metric> kTable = {{
    {Metric::kBuildInfo,
     {"hypertier_agent_build_info", MetricType::kGauge, "", "version", "Always 1; the label is the agent's version."}},
    {Metric::kLinkUp,
     {"hypertier_agent_link_up", MetricType::kGauge, "", "",
      "1 while the agent is in a session with hypertierd on the host, else 0."}},
    {Metric::kTierCell,
     {"hypertier_agent_tier_cell_bytes", MetricType::kGauge, "bytes", "tier",
      "Memory that the kernel has of the tier's NUMA node: the cell less what firmware and kernel took at boot. Absent "
      "without hyperflex, as are the other figures of tiers."}},
    {Metric::kTierTarget,
     {"hypertier_agent_tier_target_bytes", MetricType::kGauge, "bytes", "tier",
      "What of that programs may use, as the host last said: all but the balloon's target."}},
    {Metric::kTierBalloon,
     {"hypertier_agent_tier_balloon_bytes", MetricType::kGauge, "bytes", "tier",
      "What the tier's balloon holds back."}},
    {Metric::kTierFree,
     {"hypertier_agent_tier_free_bytes", MetricType::kGauge, "bytes", "tier", "Free memory of the tier's node."}},
    {Metric::kTierShortfall,
     {"hypertier_agent_tier_shortfall_bytes", MetricType::kGauge, "bytes", "tier",
      "What the tier could not give up at the last attempt."}},
    {Metric::kOomDeflates,
     {"hypertier_agent_oom_deflates_total", MetricType::kCounter, "", "",
      "Times the VM ran out of memory and took some back from its balloons, since boot."}},
    {Metric::kOomDeflatedBytes,
     {"hypertier_agent_oom_deflated_bytes_total", MetricType::kCounter, "bytes", "",
      "Bytes that the VM took back when out of memory, since boot."}},
    {Metric::kMemoryPressure,
     {"hypertier_agent_memory_pressure_ratio", MetricType::kGauge, "ratio", "",
      "Share of time in which some program waits for memory: over 10 s, by the kernel; where it does not say, "
      "estimated since the last scrape."}},
    {Metric::kPlacementInfo,
     {"hypertier_agent_placement_info", MetricType::kGauge, "", "source",
      "Always 1; where accesses are known from: pebs, accessed-bit, replay or none."}},
    {Metric::kHitRatio,
     {"hypertier_agent_fmem_hit_ratio", MetricType::kGauge, "ratio", "",
      "Estimated share of memory accesses that FMEM serves. Absent without accesses."}},
    {Metric::kAccessRate,
     {"hypertier_agent_memory_access_rate", MetricType::kGauge, "", "",
      "Memory accesses a second that the samples stand for."}},
    {Metric::kHotSet,
     {"hypertier_agent_hot_set_bytes", MetricType::kGauge, "bytes", "", "Densest memory that fits into FMEM."}},
    {Metric::kExpectedHitRatio,
     {"hypertier_agent_expected_hit_ratio", MetricType::kGauge, "ratio", "cell_percent",
      "Hotness curve: share of accesses that FMEM would serve if it were so many percent of what "
      "hypertier_agent_tier_cell_bytes says (10, 25, 50, 75, 100)."}},
    {Metric::kSamples,
     {"hypertier_agent_access_samples_total", MetricType::kCounter, "", "", "Samples of memory accesses used."}},
    {Metric::kSamplesLost,
     {"hypertier_agent_access_samples_lost_total", MetricType::kCounter, "", "",
      "Samples that the kernel had no room for."}},
    {Metric::kMoved,
     {"hypertier_agent_moved_bytes_total", MetricType::kCounter, "bytes", "how",
      "Memory moved between the tiers; how is exchange, promotion or demotion."}},
    {Metric::kRefusedPages,
     {"hypertier_agent_refused_pages_total", MetricType::kCounter, "", "reason",
      "Pages of 4 KiB that could not be moved, by reason: busy, pinned, shared, absent, forbidden, no_memory, "
      "elsewhere "
      "or other."}},
    {Metric::kTlbFlushes,
     {"hypertier_agent_exchange_tlb_flushes_total", MetricType::kCounter, "", "",
      "TLB shoot-downs that exchanges needed."}},
    {Metric::kPlacementCpu,
     {"hypertier_agent_placement_cpu_seconds_total", MetricType::kCounter, "seconds", "stage",
      "CPU time for placement; stage is sampling, classification or migration."}},
    {Metric::kProcessCpu,
     {"hypertier_agent_process_cpu_seconds_total", MetricType::kCounter, "seconds", "",
      "CPU time of the agent, user and system."}},
    {Metric::kProcessResident,
     {"hypertier_agent_process_resident_memory_bytes", MetricType::kGauge, "bytes", "",
      "Resident memory of the agent."}},
}};
static_assert(InOrder(kTable));

}  // namespace hypertier::agent
