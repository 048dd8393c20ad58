// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "host-service/control/resize_check.h"
#include "host-service/control/snapshot.h"

namespace hypertier::control {

// What the outside (api/, metrics/) may ask of control. Thread-safe, and no method waits for control's thread.
class Backend {
 public:
  // Called on control's thread, or on the caller's when control is stopped (Unavailable); must not block.
  using Done = absl::AnyInvocable<void(absl::StatusOr<OperationPtr>) &&>;

  virtual ~Backend() = default;

  // Never null. A snapshot taken after a Done was called contains that operation.
  virtual SnapshotPtr Snapshot() const = 0;
  virtual void Resize(ResizeRequest request, Done done) = 0;
  virtual void Cancel(std::string operation, Done done) = 0;
  // `changed` is called after each new snapshot, on control's thread; it must not block. One subscriber; empty to
  // unsubscribe, and no call is under way once that has returned.
  virtual void Subscribe(std::function<void()> changed) = 0;
};

}  // namespace hypertier::control
