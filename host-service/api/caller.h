// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/server_context.h>

#include <string>

#include "absl/status/statusor.h"
#include "host-service/control/promises.h"

namespace hypertier::api {

// Who calls, for the audit log: the client's address and what its metadata calls `hypertier-actor`, which nobody
// checks; and why. InvalidArgument: the reason is too long or not printable.
absl::StatusOr<control::Caller> CallerOf(const grpc::CallbackServerContext& context, const std::string& reason);

}  // namespace hypertier::api
