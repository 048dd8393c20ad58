// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/watch_call.h"

#include "absl/time/clock.h"
#include "host-service/api/convert.h"
#include "host-service/control/now.h"

namespace hypertier::api {

WatchCall::WatchCall(Hub* hub, WatchState state, ReadMask mask, std::function<void(int code)> ended)
    : hub_(hub), mask_(std::move(mask)), ended_(std::move(ended)), state_(std::move(state)) {
  hub_->Add(this);
}

absl::Duration WatchCall::Pump(const control::SnapshotPtr&, absl::Duration) {
  const std::lock_guard lock(mutex_);
  return Continue();
}

absl::Duration WatchCall::Continue() {
  if (finished_ || writing_) return absl::InfiniteDuration();
  // Taken here, under the lock, so that no older snapshot ever follows a newer one.
  const WatchState::Step step = state_.Next(hub_->Snapshot(), control::MonoNow());
  message_.Clear();
  switch (step.kind) {
    case WatchState::Step::Kind::kNothing:
      return step.due;
    case WatchState::Step::Kind::kUpdated:
      message_.set_type(v1::WatchVmsResponse::TYPE_UPDATED);
      ToProto(*step.vm, *message_.mutable_vm());
      mask_.Apply(*message_.mutable_vm());
      break;
    case WatchState::Step::Kind::kRemoved:
      message_.set_type(v1::WatchVmsResponse::TYPE_REMOVED);
      message_.mutable_vm()->set_name("vms/" + step.uuid);
      break;
    case WatchState::Step::Kind::kSynced:
      message_.set_type(v1::WatchVmsResponse::TYPE_SYNCED);
      break;
  }
  ToProto(absl::Now(), *message_.mutable_time());
  writing_ = true;
  StartWrite(&message_);
  return absl::InfiniteDuration();
}

void WatchCall::OnWriteDone(bool ok) {
  absl::Duration due = absl::InfiniteDuration();
  {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (!ok || cancelled_) {
      End(grpc::StatusCode::CANCELLED, "the client has left or the server is stopping");
    } else {
      due = Continue();
    }
  }
  if (due != absl::InfiniteDuration()) hub_->Wake();
}

void WatchCall::OnCancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  if (!writing_) End(grpc::StatusCode::CANCELLED, "the client has left or the server is stopping");
}

void WatchCall::End(grpc::StatusCode code, const char* message) {
  if (finished_) return;
  finished_ = true;
  Finish(grpc::Status(code, message));
}

void WatchCall::OnDone() {
  hub_->Remove(this);
  ended_(grpc::StatusCode::CANCELLED);
  delete this;
}

}  // namespace hypertier::api
