// SPDX-License-Identifier: Apache-2.0
//
// Between control's records and the messages of hypertier/v1/qos.proto.
#pragma once

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "host-service/api/update_mask.h"
#include "host-service/control/backend.h"
#include "host-service/control/snapshot.h"
#include "host-service/control/tenant_figures.h"
#include "host-service/qos/model.h"
#include "hypertier/v1/qos.pb.h"

namespace hypertier::api {

// The host as it is at the moment of the snapshot.
void ToProto(const control::FleetSnapshot& fleet, v1::Host& host);

// Makes v1::Tenant messages of one snapshot.
class TenantView {
 public:
  explicit TenantView(const control::FleetSnapshot& fleet);

  // Those that have terms and those that VMs or grants name, in their order.
  const std::map<std::string, control::TenantFigures>& tenants() const { return tenants_; }
  bool Has(const std::string& id) const { return tenants_.contains(id); }
  void Fill(const std::string& id, v1::Tenant& tenant) const;

 private:
  std::map<std::string, control::TenantFigures> tenants_;
};

void ToProto(const VmPolicyRecord& record, v1::VmPolicy& policy);
void ToProto(const control::PlannedVm& planned, v1::PlannedVm& vm);
void ToProto(const AuditRecord& record, v1::AuditRecord& audit);

// Id of "tenants/{id}". InvalidArgument with the remedy: no such name, or an id that none can have.
absl::StatusOr<std::string> TenantIdOf(const std::string& name, const char* field);

// What a client says; the fields that cannot be set are left out. InvalidArgument names the field.
absl::StatusOr<TenantRecord> FromProto(const v1::Tenant& tenant);
absl::StatusOr<policy::VmTerms> FromProto(const v1::VmPolicy& policy);
absl::StatusOr<GrantRecord> FromProto(const v1::Grant& grant);

// Takes over what the mask names.
void Apply(const UpdateMask& mask, const TenantRecord& from, TenantRecord& to);
void Apply(const UpdateMask& mask, const policy::VmTerms& from, policy::VmTerms& to);
absl::StatusOr<UpdateMask> TenantMask(const google::protobuf::FieldMask& mask);
absl::StatusOr<UpdateMask> VmPolicyMask(const google::protobuf::FieldMask& mask);

}  // namespace hypertier::api
