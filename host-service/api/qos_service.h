// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>

#include "absl/status/status.h"
#include "host-service/control/backend.h"
#include "host-service/metrics/rpc_stats.h"
#include "hypertier/v1/qos.grpc.pb.h"

namespace hypertier::api {

// QosService. What a snapshot shows is answered on gRPC's threads; what changes or plans goes to control and is
// answered from there. No call waits on a thread.
class QosService : public v1::QosService::CallbackService {
 public:
  // Both outlive the service.
  QosService(control::Backend* backend, metrics::RpcStats* stats) : backend_(backend), stats_(stats) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* GetHost(Context* context, const v1::GetHostRequest* request, v1::GetHostResponse* response) override;
  Reactor* ListTenants(Context* context, const v1::ListTenantsRequest* request,
                       v1::ListTenantsResponse* response) override;
  Reactor* GetTenant(Context* context, const v1::GetTenantRequest* request, v1::GetTenantResponse* response) override;
  Reactor* CreateTenant(Context* context, const v1::CreateTenantRequest* request,
                        v1::CreateTenantResponse* response) override;
  Reactor* UpdateTenant(Context* context, const v1::UpdateTenantRequest* request,
                        v1::UpdateTenantResponse* response) override;
  Reactor* DeleteTenant(Context* context, const v1::DeleteTenantRequest* request,
                        v1::DeleteTenantResponse* response) override;
  Reactor* GetVmPolicy(Context* context, const v1::GetVmPolicyRequest* request,
                       v1::GetVmPolicyResponse* response) override;
  Reactor* UpdateVmPolicy(Context* context, const v1::UpdateVmPolicyRequest* request,
                          v1::UpdateVmPolicyResponse* response) override;
  Reactor* CheckAdmission(Context* context, const v1::CheckAdmissionRequest* request,
                          v1::CheckAdmissionResponse* response) override;
  Reactor* PlanPreview(Context* context, const v1::PlanPreviewRequest* request,
                       v1::PlanPreviewResponse* response) override;
  Reactor* ExplainVm(Context* context, const v1::ExplainVmRequest* request, v1::ExplainVmResponse* response) override;
  Reactor* SetGrants(Context* context, const v1::SetGrantsRequest* request, v1::SetGrantsResponse* response) override;
  Reactor* SetMaintenance(Context* context, const v1::SetMaintenanceRequest* request,
                          v1::SetMaintenanceResponse* response) override;
  Reactor* ListAuditRecords(Context* context, const v1::ListAuditRecordsRequest* request,
                            v1::ListAuditRecordsResponse* response) override;

 private:
  Reactor* Answer(Context* context, const metrics::RpcCall& call, const absl::Status& status);
  // A Done that fills the response with `fill`(value) where there is one, and ends the call.
  template <typename T, typename Fill>
  control::Backend::Done<T> WhenDone(Reactor* reactor, const metrics::RpcCall& call, Fill fill);

  absl::Status List(const v1::ListTenantsRequest& request, v1::ListTenantsResponse& response) const;
  absl::Status Get(const v1::GetTenantRequest& request, v1::GetTenantResponse& response) const;
  absl::Status Get(const v1::GetVmPolicyRequest& request, v1::GetVmPolicyResponse& response) const;
  absl::Status Check(const v1::CheckAdmissionRequest& request, v1::CheckAdmissionResponse& response) const;

  control::Backend* const backend_;
  metrics::RpcStats* const stats_;
};

}  // namespace hypertier::api
