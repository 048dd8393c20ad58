// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "host-service/control/snapshot.h"
#include "host-service/web/timeline.h"

namespace hypertier::web {

// The thread that gives Timelines a sample at once and each kSampleInterval.
class Sampler {
 public:
  // Both must outlive it.
  Sampler(const control::SnapshotSource* source, Timelines* lines);
  ~Sampler();

 private:
  void Loop();

  const control::SnapshotSource* const source_;
  Timelines* const lines_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;  // guarded by mutex_
  // Last: it uses what is above.
  std::thread thread_;
};

}  // namespace hypertier::web
