// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/client.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <chrono>
#include <cstdio>

namespace hypertier::tierctl {
namespace {

// Longer than the 60 s that GetOperation may wait.
constexpr std::chrono::seconds kDeadline{70};

}  // namespace

std::unique_ptr<v1::HyperTierService::Stub> Connect(const Context& context) {
  return v1::HyperTierService::NewStub(grpc::CreateChannel(context.endpoint, grpc::InsecureChannelCredentials()));
}

int Fail(const Context& context, const grpc::Status& status) {
  const std::string& message = status.error_message();
  switch (status.error_code()) {
    case grpc::StatusCode::NOT_FOUND:
      fmt::print(stderr, "tierctl: {}\n", message);
      return kNotFound;
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::FAILED_PRECONDITION:
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

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  return status.ok() ? text : fmt::format("{{\"error\": \"{}\"}}", status.ToString());
}

grpc::Status ListAll(v1::HyperTierService::Stub& stub, std::vector<v1::Vm>& vms) {
  v1::ListVmsRequest request;
  do {
    grpc::ClientContext call;
    SetDeadline(call);
    v1::ListVmsResponse response;
    const grpc::Status status = stub.ListVms(&call, request, &response);
    if (!status.ok()) return status;
    vms.insert(vms.end(), response.vms().begin(), response.vms().end());
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  return grpc::Status::OK;
}

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
}

}  // namespace hypertier::tierctl
