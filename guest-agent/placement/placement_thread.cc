// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/placement_thread.h"

#include <pthread.h>

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

void PlacementThread::Hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurry_ = true;
  }
  wake_.notify_all();
}

void PlacementThread::LimitMoves(Bytes per_second) {
  {
    const std::lock_guard lock(mutex_);
    move_limit_ = per_second;
  }
  wake_.notify_all();
}

std::shared_ptr<const PlacementFigures> PlacementThread::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

void PlacementThread::Run() {
  // So that it can be told apart in ps -L.
  pthread_setname_np(pthread_self(), "placement");
  ranges::Time figures_due = ranges::Time::min();
  std::unique_lock lock(mutex_);
  while (!stop_) {
    if (std::exchange(hurry_, false)) placement_->PlanSoon();
    const std::optional<Bytes> move_limit = std::exchange(move_limit_, std::nullopt);
    lock.unlock();
    if (move_limit) {
      placement_->LimitMoves(*move_limit);
      // The host is to see it.
      figures_due = ranges::Time::min();
    }
    const ranges::Time now = std::chrono::steady_clock::now();
    const ranges::Time due = placement_->Step(now);
    std::shared_ptr<const PlacementFigures> figures;
    if (now >= figures_due) {
      figures = std::make_shared<const PlacementFigures>(placement_->Figures());
      figures_due = now + kFiguresInterval;
    }
    lock.lock();
    if (figures != nullptr) figures_ = std::move(figures);
    wake_.wait_until(lock, due, [this] { return stop_ || hurry_ || move_limit_; });
  }
}

}  // namespace hypertier::agent
