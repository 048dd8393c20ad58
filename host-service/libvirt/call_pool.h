// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace hypertier {

// Runs calls that may block for ever, at most one a key at a time, so that a key that hangs costs a thread and nothing
// else. Knows nothing of libvirt. Thread-safe.
//
// A call that passes the deadline is overdue: it is left to finish by itself, its key is stuck until it has, and a
// spare thread takes the place of its thread. Once every spare thread hangs too, calls wait or are refused until one
// comes back.
class CallPool {
 public:
  struct Options {
    int threads = 4;
    // Most that may be added while calls are overdue.
    int spare_threads = 16;
    absl::Duration deadline = absl::Seconds(5);
    // How long Stop() waits for calls that are running.
    absl::Duration stop_patience = absl::Seconds(1);
  };
  // What a call does when its key is stuck, or gets stuck while it waits.
  enum class WhenStuck {
    // Its callback is told Unavailable. At most one such call a key is accepted at a time.
    kRefuse,
    // It runs once the key is free again, however long that takes.
    kWait,
  };
  // Runs on thread number `lane`: below Options::threads for an ordinary one, above for a spare one.
  using Call = std::function<absl::Status(int lane)>;
  // Told once, on one of the pool's threads: the call's status, or DeadlineExceeded at its deadline, or Unavailable.
  // Must not block.
  using Done = std::function<void(absl::Status)>;

  explicit CallPool(const Options& options);
  ~CallPool();
  CallPool(const CallPool&) = delete;
  CallPool& operator=(const CallPool&) = delete;

  // Never blocks, never calls back on the calling thread.
  void Submit(const std::string& key, WhenStuck when_stuck, Call call, Done done);

  // No Done is called after it returns, and calls that have not begun are dropped. Calls that hang are left behind.
  void Stop();

  // Threads, those with overdue calls among them. For tests and metrics.
  int threads() const;
  int overdue() const;

 private:
  struct Core;
  // Shared with the threads: one that hangs outlives the pool.
  std::shared_ptr<Core> core_;
};

}  // namespace hypertier
