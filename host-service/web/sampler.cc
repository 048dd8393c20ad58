// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/sampler.h"

namespace hypertier::web {

Sampler::Sampler(const control::SnapshotSource* source, Timelines* lines)
    : source_(source), lines_(lines), thread_([this] { Loop(); }) {}

Sampler::~Sampler() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

void Sampler::Loop() {
  std::unique_lock lock(mutex_);
  auto next = std::chrono::steady_clock::now();
  while (!stop_) {
    // Before the first list of domains there is nothing to show.
    if (const control::SnapshotPtr fleet = source_->Snapshot(); fleet->synced) {
      lines_->Take(*fleet, absl::Now());
      next += absl::ToChronoSeconds(kSampleInterval);
    } else {
      next += std::chrono::milliseconds(500);
    }
    stopped_.wait_until(lock, next, [this] { return stop_; });
  }
}

}  // namespace hypertier::web
