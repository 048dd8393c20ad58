// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/hub.h"

#include <algorithm>

#include "host-service/control/now.h"

namespace hypertier::api {

Hub::Hub(control::Backend* backend) : backend_(backend), thread_([this] { Run(); }) {
  backend_->Subscribe([this] { Wake(); });
}

Hub::~Hub() {
  backend_->Subscribe({});
  {
    const std::lock_guard lock(wake_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Hub::Add(Client* client) {
  {
    const std::lock_guard lock(clients_mutex_);
    clients_.insert(client);
  }
  Wake();
}

void Hub::Remove(Client* client) {
  const std::lock_guard lock(clients_mutex_);
  clients_.erase(client);
}

void Hub::Wake() {
  {
    const std::lock_guard lock(wake_mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

void Hub::Run() {
  // A finite "for ever": no wait_for overflows on it.
  constexpr absl::Duration kLongest = absl::Minutes(1);
  absl::Duration next = control::MonoNow();
  while (true) {
    {
      std::unique_lock lock(wake_mutex_);
      const absl::Duration idle = std::clamp(next - control::MonoNow(), absl::ZeroDuration(), kLongest);
      wake_.wait_for(lock, absl::ToChronoNanoseconds(idle), [this] { return woken_ || stopping_; });
      if (stopping_) return;
      woken_ = false;
    }
    const control::SnapshotPtr snapshot = backend_->Snapshot();
    const absl::Duration now = control::MonoNow();
    next = absl::InfiniteDuration();
    const std::lock_guard lock(clients_mutex_);
    for (Client* client : clients_) next = std::min(next, client->Pump(snapshot, now));
  }
}

}  // namespace hypertier::api
