// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/time/time.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::control {

// What waits for control's thread. First in, first out, with one exception that bounds it: of the reports of one VM
// that have not been taken yet only the newest is kept, so that a chatty guest costs one entry.
class EventQueue {
 public:
  using Task = absl::AnyInvocable<void() &&>;
  using TakeReport = std::function<void(const std::string& uuid, const agent::v1::Report& report)>;

  // `take_report` is called as part of the task that a report becomes.
  explicit EventQueue(TakeReport take_report) : take_report_(std::move(take_report)) {}

  // False once closed; the task is then dropped uncalled.
  bool Push(Task task);
  void PushReport(const std::string& uuid, agent::v1::Report report);
  // What is pushed for the VM after this stays behind what was pushed before it: a report of a new session does not
  // overtake the news that the old session has ended.
  void SealReports(const std::string& uuid);

  // Waits until there is a task, the queue is closed, or `timeout` has passed, and takes all tasks.
  std::deque<Task> Take(absl::Duration timeout);

  void Close();
  bool closed() const;

 private:
  const TakeReport take_report_;
  // std, not abseil: its timed waits follow the wall clock, so that a jump would stop the ticks.
  mutable std::mutex mutex_;
  std::condition_variable ready_;
  // All below: mutex_.
  bool closed_ = false;
  std::deque<Task> tasks_;
  // Reports that are in `tasks_` and may still be replaced; Take closes them all, so that a task owns its report alone.
  absl::flat_hash_map<std::string, std::shared_ptr<agent::v1::Report>> open_reports_;
};

}  // namespace hypertier::control
