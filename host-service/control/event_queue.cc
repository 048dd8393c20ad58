// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/event_queue.h"

namespace hypertier::control {

bool EventQueue::Push(Task task) {
  const std::lock_guard lock(mutex_);
  if (closed_) return false;
  tasks_.push_back(std::move(task));
  ready_.notify_one();
  return true;
}

void EventQueue::PushReport(const std::string& uuid, agent::v1::Report report) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  std::shared_ptr<agent::v1::Report>& slot = open_reports_[uuid];
  if (slot != nullptr) {
    *slot = std::move(report);
    return;
  }
  slot = std::make_shared<agent::v1::Report>(std::move(report));
  tasks_.push_back([this, uuid, newest = slot]() { take_report_(uuid, *newest); });
  ready_.notify_one();
}

void EventQueue::SealReports(const std::string& uuid) {
  const std::lock_guard lock(mutex_);
  open_reports_.erase(uuid);
}

std::deque<EventQueue::Task> EventQueue::Take(absl::Duration timeout) {
  std::unique_lock lock(mutex_);
  ready_.wait_for(lock, absl::ToChronoNanoseconds(timeout), [this] { return closed_ || !tasks_.empty(); });
  open_reports_.clear();
  return std::exchange(tasks_, {});
}

void EventQueue::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  ready_.notify_all();
}

bool EventQueue::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace hypertier::control
