// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/wait_call.h"

#include "host-service/api/convert.h"

namespace hypertier::api {

WaitCall::WaitCall(Hub* hub, std::string operation, absl::Duration deadline, v1::GetOperationResponse* response,
                   std::function<void(int code)> ended)
    : hub_(hub), operation_(std::move(operation)), deadline_(deadline), response_(response), ended_(std::move(ended)) {
  hub_->Add(this);
}

absl::Duration WaitCall::Pump(const control::SnapshotPtr& snapshot, absl::Duration now) {
  const std::lock_guard lock(mutex_);
  if (finished_) return absl::InfiniteDuration();
  const auto operation = snapshot->FindOperation(operation_);
  if (!operation.ok()) {
    End(ToGrpc(operation.status()));
  } else if (control::Ended((*operation)->record.state) || now >= deadline_) {
    ToProto(**operation, *response_->mutable_operation());
    End(grpc::Status::OK);
  }
  return finished_ ? absl::InfiniteDuration() : deadline_;
}

void WaitCall::OnCancel() {
  const std::lock_guard lock(mutex_);
  End(grpc::Status::CANCELLED);
}

void WaitCall::End(const grpc::Status& status) {
  if (finished_) return;
  finished_ = true;
  code_ = status.error_code();
  Finish(status);
}

void WaitCall::OnDone() {
  hub_->Remove(this);
  ended_(code_);
  delete this;
}

}  // namespace hypertier::api
