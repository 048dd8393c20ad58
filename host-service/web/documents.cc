// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/documents.h"

#include "host-service/control/commitment.h"
#include "host-service/web/host_json.h"
#include "host-service/web/json.h"
#include "host-service/web/vm_json.h"

namespace hypertier::web {
namespace {

void Begin(JsonWriter& json, const control::FleetSnapshot& fleet, const About& about) {
  json.BeginObject().Field("version", about.version).Field("time", about.now).Field("snapshot", fleet.version);
}

template <typename F>
void WriteColumn(JsonWriter& json, std::string_view name, const Timeline& line, F&& value) {
  json.Key(name).BeginArray();
  for (const Sample& sample : line.samples) json.Value(value(sample));
  json.EndArray();
}

void WriteTimeline(JsonWriter& json, const Timeline& line) {
  json.Key("timeline").BeginObject().Field("interval_seconds", absl::ToInt64Seconds(kSampleInterval));
  json.Key("times").BeginArray();
  for (const absl::Time time : line.times) json.Value(time);
  json.EndArray();
  for (const TierId tier : kTiers) {
    const std::string name(TierName(tier));
    WriteColumn(json, name + "_target_bytes", line, [tier](const Sample& sample) { return sample.target[tier]; });
    WriteColumn(json, name + "_resident_bytes", line, [tier](const Sample& sample) { return sample.resident[tier]; });
  }
  WriteColumn(json, "hit_ratio", line, [](const Sample& sample) { return sample.hit_ratio; });
  json.EndObject();
}

}  // namespace

std::string StatusDocument(const control::FleetSnapshot& fleet, const About& about) {
  // A VM takes a good KiB.
  JsonWriter json(4096 + fleet.vms.size() * 1280);
  Begin(json, fleet, about);
  const qos::Snapshot commitments = control::CommitmentsOf(fleet);
  json.Key("host");
  WriteHost(json, fleet, commitments, about.host_name);
  json.Key("tenants");
  WriteTenants(json, fleet, commitments);
  json.Key("vms").BeginArray();
  for (const control::VmPtr& vm : fleet.vms) WriteVm(json, *vm);
  json.EndArray().EndObject();
  return std::move(json).Take();
}

std::string HostDocument(const control::FleetSnapshot& fleet, const About& about, const Timeline& line) {
  JsonWriter json(16 << 10);
  Begin(json, fleet, about);
  json.Key("host");
  WriteHost(json, fleet, control::CommitmentsOf(fleet), about.host_name);
  WriteTimeline(json, line);
  json.EndObject();
  return std::move(json).Take();
}

std::string VmDocument(const control::FleetSnapshot& fleet, const control::VmRecord& vm, const About& about,
                       const Timeline& line) {
  JsonWriter json(16 << 10);
  Begin(json, fleet, about);
  json.Key("vm");
  WriteVmInFull(json, vm);
  WriteTimeline(json, line);
  json.EndObject();
  return std::move(json).Take();
}

}  // namespace hypertier::web
