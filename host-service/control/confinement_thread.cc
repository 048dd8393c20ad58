// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/confinement_thread.h"

#include <utility>

namespace hypertier::control {

ConfinementThread::ConfinementThread(Confiner* confiner, Done done)
    : confiner_(confiner), done_(std::move(done)), thread_([this] { Work(); }) {}

ConfinementThread::~ConfinementThread() {
  Stop();
}

void ConfinementThread::Confine(const domain::Description& domain, Bytes most, Bytes at_most) {
  const std::lock_guard lock(mutex_);
  wanted_[domain.uuid] = {domain, most, at_most};
  changed_.notify_all();
}

void ConfinementThread::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

void ConfinementThread::Work() {
  std::string last;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return;
    auto next = wanted_.upper_bound(last);
    if (next == wanted_.end()) next = wanted_.begin();
    last = next->first;
    const Wanted wanted = std::move(next->second);
    wanted_.erase(next);
    lock.unlock();
    absl::StatusOr<Confinement> confined = confiner_->Confine(wanted.domain, wanted.most, wanted.at_most);
    lock.lock();
    if (stopping_) return;
    lock.unlock();
    done_(last, std::move(confined));
    lock.lock();
  }
}

}  // namespace hypertier::control
