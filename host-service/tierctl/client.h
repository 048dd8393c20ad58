// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "hypertier/v1/hypertier.grpc.pb.h"
#include "hypertier/v1/qos.grpc.pb.h"

namespace hypertier::tierctl {

using Stub = v1::HyperTierService::Stub;
using QosStub = v1::QosService::Stub;

// Exit codes, documented in README and `tierctl --help`.
enum ExitCode {
  kOk = 0,
  // A resize ended without reaching its targets, or was cancelled.
  kOperationFailed = 1,
  // The command line is wrong.
  kUsage = 2,
  kNotFound = 3,
  // The request is refused: out of range, malformed, the VM is not managed, the tenant exists or was changed by
  // somebody else, or the VM would not be admitted.
  kRefused = 4,
  // hypertierd does not answer.
  kUnavailable = 5,
  // Anything else.
  kInternal = 6,
  kInterrupted = 130,
};

enum class Output { kTable, kWide, kJson, kName };

// What every command gets.
struct Context {
  std::string endpoint;
  Output output = Output::kTable;
};

// Both services are behind one address.
std::shared_ptr<grpc::Channel> OpenChannel(const Context& context);
std::unique_ptr<Stub> Connect(const Context& context);
std::unique_ptr<QosStub> ConnectQos(const Context& context);

// Prints one object: as JSON for programs, else as `text`. Returns kOk.
int Print(const Context& context, const google::protobuf::Message& message, const std::string& text);

// Prints the error for people on stderr and returns the exit code for it.
int Fail(const Context& context, const grpc::Status& status);

// The same for what is wrong with the command line: kUsage.
int Misused(const absl::Status& status);
int NothingToSet();

// One line of JSON, with the field names of the proto files.
std::string Json(const google::protobuf::Message& message);

// All VMs, page by page.
grpc::Status ListAll(Stub& stub, std::vector<v1::Vm>& vms);
grpc::Status ListAllTenants(QosStub& stub, std::vector<v1::Tenant>& tenants, const std::stop_token& stop = {});

// "tenants/{id}" of an id, or of what is such a name already.
std::string TenantName(const std::string& tenant);

// What every call carries: who makes it (`hypertier-actor` of qos.proto).
void Sign(grpc::ClientContext& call);
// The same, and the time that every unary call is given.
void Prepare(grpc::ClientContext& call);

// Makes one unary call; `stop` ends it before its time.
template <typename Service, typename Request, typename Response>
grpc::Status Call(Service& stub, grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Response*),
                  const Request& request, Response& response, const std::stop_token& stop = {}) {
  grpc::ClientContext call;
  Prepare(call);
  const std::stop_callback cancel(stop, [&call] { call.TryCancel(); });
  return (stub.*method)(&call, request, &response);
}

}  // namespace hypertier::tierctl
