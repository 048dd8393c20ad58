// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "absl/time/time.h"
#include "host-service/control/backend.h"

namespace hypertier::api {

// One thread that tells waiting calls (watches, GetOperation with wait) of new snapshots and of time passing. Control's
// own thread only flips a flag, so no client can slow it.
class Hub {
 public:
  class Client {
   public:
    virtual ~Client() = default;
    // Called after each change, and when the returned time (Now::mono's clock) has come; InfiniteDuration: changes
    // only. Must not block, and must not call Add or Remove.
    virtual absl::Duration Pump(const control::SnapshotPtr& snapshot, absl::Duration now) = 0;
  };

  // `backend` outlives the hub, and has no other subscriber.
  explicit Hub(control::Backend* backend);
  ~Hub();

  // Pumps the client soon, and from then on.
  void Add(Client* client);
  // No Pump of the client is under way once this has returned.
  void Remove(Client* client);
  // Pumps everybody soon.
  void Wake();

  control::SnapshotPtr Snapshot() const { return backend_->Snapshot(); }

 private:
  void Run();

  control::Backend* const backend_;
  // Held during pumps; Wake needs the other one only, so that control never waits for a pump.
  std::mutex clients_mutex_;
  std::set<Client*> clients_;

  std::mutex wake_mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace hypertier::api
