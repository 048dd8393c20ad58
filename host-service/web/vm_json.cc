// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/vm_json.h"

#include "host-service/control/words.h"

namespace hypertier::web {
namespace {

enum class Detail { kList, kFull };

void WriteTier(JsonWriter& json, TierId id, const control::TierRecord& tier, Detail detail) {
  json.BeginObject()
      .Field("tier", TierName(id))
      .Field("state", control::WordOf(tier.state))
      .Field("compliance", control::WordOf(tier.compliance))
      .Field("cell_bytes", tier.cell)
      .Field("target_bytes", tier.target)
      .Field("balloon_bytes", tier.balloon)
      .Field("resident_bytes", tier.resident)
      .Field("charged_bytes", tier.charged)
      .Field("reservation_bytes", tier.policy.reservation)
      .Field("limit_bytes", tier.policy.limit)
      .Field("shares", tier.policy.shares)
      .Field("missing_bytes", tier.missing)
      .Field("shortfall_bytes", tier.shortfall)
      .Field("displaced_bytes", tier.displaced)
      .Field("reason", tier.reason);
  if (detail == Detail::kFull) {
    json.Field("floor_bytes", tier.floor)
        .Field("free_bytes", tier.free)
        .Field("granularity_bytes", tier.granularity)
        .Field("pace_bytes_per_second", tier.pace);
  }
  json.EndObject();
}

// Without the braces.
void WriteFields(JsonWriter& json, const control::VmRecord& vm, Detail detail) {
  std::optional<double> hit_ratio;
  if (vm.placement != nullptr && vm.placement->has_hit_ratio()) hit_ratio = vm.placement->hit_ratio();
  json.Field("uuid", vm.uuid)
      .Field("name", vm.name)
      .Field("tenant", vm.tenant)
      .Field("state", control::WordOf(vm.state))
      .Field("management", control::WordOf(vm.management))
      .Field("reason", vm.reason)
      .Field("mode", control::WordOf(vm.mode))
      .Field("provisioner", control::WordOf(vm.provisioner))
      .Field("operation", vm.operation)
      .Field("agent_link", control::WordOf(vm.agent.link))
      .Field("hit_ratio", hit_ratio);
  json.Key("tiers").BeginArray();
  if (vm.tiers) {
    for (const TierId tier : kTiers) WriteTier(json, tier, (*vm.tiers)[tier], detail);
  }
  json.EndArray();
}

void WriteAgent(JsonWriter& json, const control::AgentRecord& agent) {
  json.Key("agent")
      .BeginObject()
      .Field("link", control::WordOf(agent.link))
      .Field("version", agent.version)
      .Field("kernel_release", agent.kernel_release)
      .Field("transport", agent.transport)
      .Field("last_report_time", agent.last_report)
      .Field("link_resets", agent.link_resets)
      .Field("implausible_figures", agent.implausible_figures)
      .Field("oom_deflates", agent.oom_deflates)
      .Field("oom_deflated_bytes", agent.oom_deflated)
      .Field("memory_pressure", agent.memory_pressure)
      .EndObject();
}

void WritePlacement(JsonWriter& json, const agent::v1::PlacementReport* report) {
  json.Key("placement");
  if (report == nullptr) {
    json.Null();
    return;
  }
  json.BeginObject()
      .Field("source", report->source())
      .Field("source_reason", report->source_reason())
      .Field("access_rate", report->access_rate())
      .Field("hot_set_bytes", report->hot_set_bytes())
      .Field("ranges", report->ranges())
      .Field("processes", report->processes())
      .Field("samples", report->samples())
      .Field("samples_lost", report->samples_lost())
      .Field("exchanged_bytes", report->exchanged_bytes())
      .Field("promoted_bytes", report->promoted_bytes())
      .Field("demoted_bytes", report->demoted_bytes())
      .Field("refused_pages", report->refused_pages())
      .Field("tlb_flushes", report->tlb_flushes())
      .Field("sampling_cpu_ns", report->sampling_cpu_ns())
      .Field("classification_cpu_ns", report->classification_cpu_ns())
      .Field("migration_cpu_ns", report->migration_cpu_ns())
      .Field("move_limit_bytes_per_second", report->move_limit());
  json.Key("curve").BeginArray();
  for (const agent::v1::PlacementReport::CurvePoint& point : report->curve()) {
    json.BeginObject().Field("fmem_bytes", point.fmem_bytes()).Field("share", point.share()).EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace

void WriteVm(JsonWriter& json, const control::VmRecord& vm) {
  json.BeginObject();
  WriteFields(json, vm, Detail::kList);
  json.EndObject();
}

void WriteVmInFull(JsonWriter& json, const control::VmRecord& vm) {
  json.BeginObject();
  WriteFields(json, vm, Detail::kFull);
  json.Field("update_time", vm.updated);
  json.Key("policy_problems").BeginArray();
  for (const std::string& problem : vm.policy_problems) json.Value(problem);
  json.EndArray();
  WriteAgent(json, vm.agent);
  WritePlacement(json, vm.placement.get());
  json.Key("events").BeginArray();
  for (const control::VmEvent& event : *vm.events) {
    json.BeginObject()
        .Field("kind", control::WordOf(event.kind))
        .Field("time", event.time)
        .Field("message", event.message)
        .EndObject();
  }
  json.EndArray().EndObject();
}

}  // namespace hypertier::web
