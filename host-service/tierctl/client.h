// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "hypertier/v1/hypertier.grpc.pb.h"

namespace hypertier::tierctl {

// Exit codes, documented in README and `tierctl --help`.
enum ExitCode {
  kOk = 0,
  // A resize ended without reaching its targets, or was cancelled.
  kOperationFailed = 1,
  // The command line is wrong.
  kUsage = 2,
  kNotFound = 3,
  // The request is refused: out of range, malformed, or the VM is not managed.
  kRefused = 4,
  // hypertierd does not answer.
  kUnavailable = 5,
  // Anything else.
  kInternal = 6,
  kInterrupted = 130,
};

enum class Output { kTable, kJson, kName };

// What every command gets.
struct Context {
  std::string endpoint;
  Output output = Output::kTable;
};

std::unique_ptr<v1::HyperTierService::Stub> Connect(const Context& context);

// Prints the error for people on stderr and returns the exit code for it.
int Fail(const Context& context, const grpc::Status& status);

// One line of JSON, with the field names of the proto files.
std::string Json(const google::protobuf::Message& message);

// All VMs, page by page.
grpc::Status ListAll(v1::HyperTierService::Stub& stub, std::vector<v1::Vm>& vms);

// Every unary call is given this long.
void SetDeadline(grpc::ClientContext& context);

}  // namespace hypertier::tierctl
