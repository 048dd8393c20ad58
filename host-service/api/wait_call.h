// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/support/server_callback.h>

#include <functional>
#include <mutex>
#include <string>

#include "host-service/api/hub.h"
#include "hypertier/v1/hypertier.pb.h"

namespace hypertier::api {

// GetOperation that waits for the operation to end. Deletes itself.
class WaitCall : public grpc::ServerUnaryReactor, public Hub::Client {
 public:
  // Answers into `response` when the operation has ended, is forgotten, or `deadline` (Now::mono's clock) has come.
  // `ended` is called once, with the status code sent.
  WaitCall(Hub* hub, std::string operation, absl::Duration deadline, v1::GetOperationResponse* response,
           std::function<void(int code)> ended);

  absl::Duration Pump(const control::SnapshotPtr& snapshot, absl::Duration now) override;

  void OnCancel() override;
  void OnDone() override;

 private:
  // Needs mutex_.
  void End(const grpc::Status& status);

  Hub* const hub_;
  const std::string operation_;
  const absl::Duration deadline_;
  v1::GetOperationResponse* const response_;
  const std::function<void(int code)> ended_;

  std::mutex mutex_;
  bool finished_ = false;
  int code_ = 0;
};

}  // namespace hypertier::api
