// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/placement_thread.h"

#include <utility>

namespace hypertier::agent {
namespace {

// Figures are renewed this often, whatever happens meanwhile: the host asks once a second.
constexpr std::chrono::seconds kFiguresInterval{1};

}  // namespace

PlacementThread::PlacementThread(std::unique_ptr<Placement> placement)
    : placement_(std::move(placement)),
      figures_(std::make_shared<const PlacementFigures>(placement_->Figures())),
      thread_([this] { Run(); }) {}

PlacementThread::~PlacementThread() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::shared_ptr<const PlacementFigures> PlacementThread::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void PlacementThread::Run() {
  ranges::Time figures_due = ranges::Time::min();
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    const ranges::Time now = std::chrono::steady_clock::now();
    const ranges::Time due = placement_->Step(now);
    std::shared_ptr<const PlacementFigures> figures;
    if (now >= figures_due) {
      figures = std::make_shared<const PlacementFigures>(placement_->Figures());
      figures_due = now + kFiguresInterval;
    }
    lock.lock();
    if (figures != nullptr) figures_ = std::move(figures);
    const auto stopped = [this] { return stop_; };
    if (due == ranges::Time::max()) {
      wake_.wait(lock, stopped);
    } else {
      wake_.wait_until(lock, due, stopped);
    }
  }
}

}  // namespace hypertier::agent
