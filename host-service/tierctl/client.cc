// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/client.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <cstdio>

#include "common/text.h"
#include "host-service/tierctl/actor.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl {
namespace {

// Longer than the 60 s that GetOperation may wait.
constexpr std::chrono::seconds kDeadline{70};
// hypertierd is on this host and back a second after a restart; gRPC's own default lets up to two minutes pass.
constexpr int kMostBackoffMs = 2000;

}  // namespace

std::shared_ptr<grpc::Channel> OpenChannel(const Context& context) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMostBackoffMs);
  return grpc::CreateCustomChannel(context.endpoint, grpc::InsecureChannelCredentials(), arguments);
}

std::unique_ptr<Stub> Connect(const Context& context) {
  return v1::HyperTierService::NewStub(OpenChannel(context));
}

std::unique_ptr<QosStub> ConnectQos(const Context& context) {
  return v1::QosService::NewStub(OpenChannel(context));
}

int Fail(const Context& context, const grpc::Status& status) {
  const std::string message = Clean(status.error_message());
  switch (status.error_code()) {
    case grpc::StatusCode::NOT_FOUND:
      fmt::print(stderr, "tierctl: {}\n", message);
      return kNotFound;
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::ALREADY_EXISTS:
    case grpc::StatusCode::ABORTED:
      fmt::print(stderr, "tierctl: {}\n", message);
      return kRefused;
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      fmt::print(stderr,
                 "tierctl: no answer from hypertierd at {}: {}\nIs it running? Name another one with --endpoint or "
                 "HYPERTIER_ENDPOINT.\n",
                 context.endpoint, message);
      return kUnavailable;
    default:
      fmt::print(stderr, "tierctl: error {}: {}\n", static_cast<int>(status.error_code()), message);
      return kInternal;
  }
}

int Misused(const absl::Status& status) {
  fmt::print(stderr, "tierctl: {}\n", ToString(status.message()));
  return kUsage;
}

int NothingToSet() {
  fmt::print(stderr, "tierctl: nothing to set: give at least one flag that says what (see --help)\n");
  return kUsage;
}

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  return status.ok() ? text : fmt::format("{{\"error\": \"{}\"}}", status.ToString());
}

int Print(const Context& context, const google::protobuf::Message& message, const std::string& text) {
  fmt::print("{}", context.output == Output::kJson ? Json(message) + "\n" : text);
  return kOk;
}

grpc::Status ListAll(Stub& stub, std::vector<v1::Vm>& vms) {
  v1::ListVmsRequest request;
  do {
    v1::ListVmsResponse response;
    const grpc::Status status = Call(stub, &Stub::ListVms, request, response);
    if (!status.ok()) return status;
    vms.insert(vms.end(), response.vms().begin(), response.vms().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return grpc::Status::OK;
}

grpc::Status ListAllTenants(QosStub& stub, std::vector<v1::Tenant>& tenants, const std::stop_token& stop) {
  v1::ListTenantsRequest request;
  do {
    v1::ListTenantsResponse response;
    const grpc::Status status = Call(stub, &QosStub::ListTenants, request, response, stop);
    if (!status.ok()) return status;
    tenants.insert(tenants.end(), response.tenants().begin(), response.tenants().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return grpc::Status::OK;
}

std::string TenantName(const std::string& tenant) {
  return fmt::format("tenants/{}", TenantId(tenant));
}

void Sign(grpc::ClientContext& call) {
  call.AddMetadata("hypertier-actor", Actor());
}

void Prepare(grpc::ClientContext& call) {
  Sign(call);
  call.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

}  // namespace hypertier::tierctl
