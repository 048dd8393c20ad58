// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <mutex>

#include "host-service/api/hub.h"
#include "host-service/api/read_mask.h"
#include "host-service/api/watch_state.h"
#include "hypertier/v1/hypertier.pb.h"

namespace hypertier::api {

// One WatchVms stream. Writes one message at a time; while a slow client has not taken it, nothing is prepared for it.
// Deletes itself.
class WatchCall : public grpc::ServerWriteReactor<v1::WatchVmsResponse>, public Hub::Client {
 public:
  // `ended` is called once, with the status code sent.
  WatchCall(Hub* hub, WatchState state, ReadMask mask, std::function<void(int code)> ended);

  absl::Duration Pump(const control::SnapshotPtr& snapshot, absl::Duration now) override;

  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  // Needs mutex_.
  absl::Duration Continue();
  void End(grpc::StatusCode code, const char* message);

  Hub* const hub_;
  const ReadMask mask_;
  const std::function<void(int code)> ended_;

  std::mutex mutex_;
  WatchState state_;
  v1::WatchVmsResponse message_;
  bool writing_ = false;
  bool cancelled_ = false;
  bool finished_ = false;
};

}  // namespace hypertier::api
