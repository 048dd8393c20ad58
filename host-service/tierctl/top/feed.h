// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "host-service/tierctl/client.h"
#include "host-service/tierctl/top/picture.h"

namespace hypertier::tierctl::top {

// Keeps a picture of a host up to date, on two threads: one follows the VMs, one asks for host and tenants. After an
// error both try again, for ever.
class Feed {
 public:
  explicit Feed(const Context& context);
  // Ends the calls under way.
  ~Feed();

  // Rises with every change of what Now() returns, but for its ages.
  std::uint64_t version() const { return version_; }
  Picture Now() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Vms = std::map<std::string, std::shared_ptr<const v1::Vm>>;

  void Watch(const std::stop_token& stop);
  grpc::Status WatchOnce(const std::stop_token& stop);
  void Poll(const std::stop_token& stop);
  grpc::Status PollOnce(const std::stop_token& stop);
  // False: it is to stop.
  bool Wait(const std::stop_token& stop, std::chrono::milliseconds time);

  std::unique_ptr<Stub> vms_stub_;
  std::unique_ptr<QosStub> qos_stub_;
  std::atomic<std::uint64_t> version_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable_any woken_;
  // All below: under mutex_. Without `vms` and the ages.
  Picture picture_;
  Vms vms_;
  Clock::time_point trouble_since_;
  Clock::time_point qos_heard_;

  // Last: they use all of the above.
  std::jthread watcher_;
  std::jthread poller_;
};

}  // namespace hypertier::tierctl::top
