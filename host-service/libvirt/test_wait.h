// SPDX-License-Identifier: Apache-2.0
//
// Waiting, in tests of threads.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "absl/status/status.h"

namespace hypertier::test {

// Whether `condition` comes true; gives up only after a time that no machine needs.
inline bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// A call that hangs until the gate is opened. The gate may go before the call.
class Gate {
 public:
  ~Gate() { Open(); }

  void Wait() { Wait(*state_); }
  std::function<absl::Status(int)> Call() {
    return [state = state_](int) {
      Wait(*state);
      return absl::OkStatus();
    };
  }
  void Open() {
    const std::lock_guard lock(state_->mutex);
    state_->open = true;
    state_->changed.notify_all();
  }
  int waiting() const {
    const std::lock_guard lock(state_->mutex);
    return state_->waiting;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    int waiting = 0;
  };
  static void Wait(State& state) {
    std::unique_lock lock(state.mutex);
    ++state.waiting;
    state.changed.wait(lock, [&] { return state.open; });
    --state.waiting;
  }
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace hypertier::test
