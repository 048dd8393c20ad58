// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/host_json.h"

#include <optional>

#include "host-service/control/commitment.h"
#include "host-service/control/sums.h"
#include "host-service/control/tenant_figures.h"
#include "host-service/control/words.h"
#include "host-service/qos/admission.h"

namespace hypertier::web {
namespace {

// What a person should see to, each in a sentence.
void WriteProblems(JsonWriter& json, const control::FleetSnapshot& fleet, const qos::Snapshot& commitments) {
  json.Key("problems").BeginArray();
  if (!fleet.connected) json.Value("no connection to libvirt: " + fleet.disconnect_reason);
  if (!fleet.host->off.empty()) json.Value("nothing is planned: " + fleet.host->off);
  if (!fleet.host->config_problem.empty()) json.Value(fleet.host->config_problem);
  if (fleet.host->capacity) {
    for (const std::string& sentence : qos::Unmet(commitments)) json.Value(sentence);
  }
  json.EndArray();
}

void WriteMaintenance(JsonWriter& json, const std::optional<MaintenanceRecord>& maintenance) {
  json.Key("maintenance");
  if (!maintenance) {
    json.Null();
    return;
  }
  json.BeginObject()
      .Field("reason", maintenance->reason)
      .Field("actor", maintenance->actor)
      .Field("begin_time", maintenance->began)
      .EndObject();
}

void WriteCounts(JsonWriter& json, const control::FleetSnapshot& fleet) {
  std::uint64_t managed = 0, waiting = 0, unmanaged = 0, up = 0, down = 0;
  for (const control::VmPtr& vm : fleet.vms) {
    (vm->management == control::Management::kManaged   ? managed
     : vm->management == control::Management::kWaiting ? waiting
                                                       : unmanaged) += 1;
    if (control::NeedsAgent(*vm)) (vm->agent.link == control::LinkState::kUp ? up : down) += 1;
  }
  json.Key("vms").BeginObject().Field("managed", managed).Field("waiting", waiting).Field("unmanaged", unmanaged);
  json.EndObject();
  json.Key("agents").BeginObject().Field("up", up).Field("down", down).EndObject();
}

void WriteSums(JsonWriter& json, const control::TierSums& sums) {
  json.Field("target_bytes", sums.target)
      .Field("charged_bytes", sums.charged)
      .Field("resident_bytes", sums.resident)
      .Field("burst_bytes", sums.burst)
      .Field("missing_bytes", sums.missing);
}

void WriteTenant(JsonWriter& json, const std::string& id, const control::TenantFigures& figures) {
  const PerTier<qos::TierPolicy>& terms = figures.terms;
  json.BeginObject()
      .Field("id", id)
      .Field("display_name", figures.record == nullptr ? std::string() : figures.record->display_name)
      .Field("vms", std::uint64_t{figures.sums.vms});
  json.Key("tiers").BeginArray();
  for (const TierId tier : kTiers) {
    json.BeginObject().Field("tier", TierName(tier)).Field("reservation_bytes", terms[tier].reservation);
    json.Key("limit_bytes");
    if (terms[tier].limit == Bytes::Max()) {
      json.Null();
    } else {
      json.Value(terms[tier].limit);
    }
    json.Field("shares", terms[tier].shares).Field("vms_reservation_bytes", figures.vms_reservation[tier]);
    WriteSums(json, figures.sums.tiers[tier]);
    json.EndObject();
  }
  json.EndArray();
  json.Key("problems").BeginArray();
  for (const TierId tier : kTiers) {
    if (figures.vms_reservation[tier] > terms[tier].limit) {
      json.Value(qos::TenantSentence(tier, {id, terms}, figures.vms_reservation[tier]));
    }
  }
  json.EndArray().EndObject();
}

}  // namespace

void WriteHost(JsonWriter& json, const control::FleetSnapshot& fleet, const qos::Snapshot& commitments,
               const std::string& host_name) {
  const PerTier<Bytes> all_reserved = qos::Reserved(commitments);
  control::Sums sums;
  for (const control::VmPtr& vm : fleet.vms) sums.Add(*vm);
  json.BeginObject()
      .Field("name", host_name)
      .Field("connected", fleet.connected)
      .Field("synced", fleet.synced)
      .Field("policy", fleet.host->policy)
      .Field("default_mode", control::WordOf(fleet.host->default_mode))
      .Field("degraded", control::IsDegraded(fleet, commitments));
  WriteProblems(json, fleet, commitments);
  WriteMaintenance(json, fleet.host->maintenance);
  WriteCounts(json, fleet);
  json.Field("operations_running", fleet.counts.running).Field("hit_ratio", sums.HitRatio());
  json.Key("tiers").BeginArray();
  for (const TierId tier : kTiers) {
    std::optional<Bytes> capacity, reserved, unreserved, free;
    if (fleet.host->capacity) {
      capacity = (*fleet.host->capacity)[tier];
      reserved = all_reserved[tier];
      unreserved = *capacity - *reserved;
      free = *capacity - sums.tiers[tier].charged;
    }
    json.BeginObject()
        .Field("tier", TierName(tier))
        .Field("capacity_bytes", capacity)
        .Field("reservation_bytes", reserved)
        .Field("unreserved_bytes", unreserved)
        .Field("free_bytes", free);
    WriteSums(json, sums.tiers[tier]);
    json.EndObject();
  }
  json.EndArray().EndObject();
}

void WriteTenants(JsonWriter& json, const control::FleetSnapshot& fleet, const qos::Snapshot& commitments) {
  json.BeginArray();
  for (const auto& [id, figures] : control::TenantsOf(fleet, commitments)) {
    if (!id.empty()) WriteTenant(json, id, figures);
  }
  json.EndArray();
}

}  // namespace hypertier::web
