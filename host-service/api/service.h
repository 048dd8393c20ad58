// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <string>

#include "absl/status/status.h"
#include "host-service/api/hub.h"
#include "host-service/control/backend.h"
#include "host-service/metrics/rpc_stats.h"
#include "hypertier/v1/hypertier.grpc.pb.h"

namespace hypertier::api {

// HyperTierService. Reads are answered on gRPC's threads from the newest snapshot; ResizeVm and CancelOperation go to
// control and are answered from there. No call waits on a thread.
//
// Reads before libvirt has delivered a first full list are answered UNAVAILABLE: nothing is known then. Later, while
// libvirt is away, they show the last known state, and ResizeVm is answered UNAVAILABLE.
class Service : public v1::HyperTierService::CallbackService {
 public:
  // Streams and waits at once, over all clients: more are answered RESOURCE_EXHAUSTED.
  static constexpr int kMostWaiting = 256;

  // All outlive the service.
  Service(control::Backend* backend, Hub* hub, metrics::RpcStats* stats)
      : backend_(backend), hub_(hub), stats_(stats) {}

  grpc::ServerUnaryReactor* ListVms(grpc::CallbackServerContext* context, const v1::ListVmsRequest* request,
                                    v1::ListVmsResponse* response) override;
  grpc::ServerUnaryReactor* GetVm(grpc::CallbackServerContext* context, const v1::GetVmRequest* request,
                                  v1::GetVmResponse* response) override;
  grpc::ServerUnaryReactor* ResizeVm(grpc::CallbackServerContext* context, const v1::ResizeVmRequest* request,
                                     v1::ResizeVmResponse* response) override;
  grpc::ServerUnaryReactor* ListOperations(grpc::CallbackServerContext* context,
                                           const v1::ListOperationsRequest* request,
                                           v1::ListOperationsResponse* response) override;
  grpc::ServerUnaryReactor* GetOperation(grpc::CallbackServerContext* context, const v1::GetOperationRequest* request,
                                         v1::GetOperationResponse* response) override;
  grpc::ServerUnaryReactor* CancelOperation(grpc::CallbackServerContext* context,
                                            const v1::CancelOperationRequest* request,
                                            v1::CancelOperationResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchVmsResponse>* WatchVms(grpc::CallbackServerContext* context,
                                                           const v1::WatchVmsRequest* request) override;

 private:
  grpc::ServerUnaryReactor* Answer(grpc::CallbackServerContext* context, const metrics::RpcCall& call,
                                   const absl::Status& status);
  // Takes one of the places for waiting calls, or says that there is none.
  absl::Status TakePlace();

  absl::Status List(const v1::ListVmsRequest& request, v1::ListVmsResponse& response) const;
  absl::Status Get(const v1::GetVmRequest& request, v1::GetVmResponse& response) const;
  absl::Status List(const v1::ListOperationsRequest& request, v1::ListOperationsResponse& response) const;

  control::Backend* const backend_;
  Hub* const hub_;
  metrics::RpcStats* const stats_;
  std::atomic<int> waiting_{0};
};

}  // namespace hypertier::api
