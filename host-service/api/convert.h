// SPDX-License-Identifier: Apache-2.0
//
// Between control's records and the messages of hypertier.v1.
#pragma once

#include <grpcpp/support/status.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "host-service/control/resize_check.h"
#include "host-service/control/snapshot.h"
#include "hypertier/v1/hypertier.pb.h"

namespace hypertier::api {

void ToProto(const control::VmRecord& record, v1::Vm& vm);
void ToProto(const control::Operation& record, v1::Operation& operation);
v1::TierKind KindOf(TierId tier);
void ToProto(absl::Time time, google::protobuf::Timestamp& timestamp);

// InvalidArgument for a malformed duration; everything else is control's to check.
absl::StatusOr<control::ResizeRequest> FromProto(const v1::ResizeVmRequest& request);

// InvalidArgument names `field` when the duration is outside of what protobuf allows.
absl::StatusOr<absl::Duration> FromProto(const google::protobuf::Duration& duration, const char* field);

grpc::Status ToGrpc(const absl::Status& status);

}  // namespace hypertier::api
