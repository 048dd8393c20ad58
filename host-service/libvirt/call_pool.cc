// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/call_pool.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hypertier {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

struct CallPool::Core : std::enable_shared_from_this<CallPool::Core> {
  struct Job {
    CallPool::WhenStuck when_stuck;
    CallPool::Call call;
    CallPool::Done done;
  };

  // A key with a call that waits or runs; there is none for an idle key.
  struct Key {
    std::deque<Job> waiting;
    bool running = false;
    // The call that runs is overdue.
    bool stuck = false;
    // A call of WhenStuck::kRefuse runs.
    bool running_refusable = false;
  };

  struct Running {
    std::string key;
    CallPool::Done done;
    Clock::time_point started;
    bool overdue = false;
  };

  struct Answer {
    CallPool::Done done;
    absl::Status status;
  };

  explicit Core(const Options& o) : options(o), deadline(absl::ToChronoNanoseconds(o.deadline)) {}

  const Options options;
  const std::chrono::nanoseconds deadline;

  mutable std::mutex mutex;  // guards all below; held by whoever calls the functions, except the two that are threads
  std::condition_variable work, watch, idle;
  bool stopped = false;
  std::unordered_map<std::string, Key> keys;
  std::deque<std::string> ready;   // keys with a waiting call and none that runs
  std::map<int, Running> running;  // by lane
  std::map<int, std::thread> lanes;
  std::vector<Answer> answers;  // for the watchdog to give
  int overdue = 0;
  int answering = 0;  // threads inside a Done
  std::thread watchdog;

  static bool Refusable(const Job& job) { return job.when_stuck == CallPool::WhenStuck::kRefuse; }
  int healthy() const { return static_cast<int>(lanes.size()) - overdue; }
  // A spare lane that is needed no longer.
  bool surplus(int lane) const { return lane >= options.threads && healthy() > options.threads; }

  void StartLane();
  void RunLane(int lane);
  void RunCall(std::unique_lock<std::mutex>& lock, int lane);
  void RunWatchdog();
  void MarkOverdue();
  std::optional<Clock::time_point> NextDeadline() const;
  void MakeReady(const std::string& name, const Key& key);
  void Refuse(Done done, const std::string& why);
  void Tell(std::unique_lock<std::mutex>& lock, Done done, absl::Status status);
};

void CallPool::Core::StartLane() {
  int lane = 0;
  while (lanes.contains(lane)) ++lane;
  lanes[lane] = std::thread([core = shared_from_this(), lane] { core->RunLane(lane); });
}

void CallPool::Core::RunLane(int lane) {
  std::unique_lock lock(mutex);
  while (true) {
    work.wait(lock, [&] { return stopped || !ready.empty() || surplus(lane); });
    // Stop() then deals with the thread.
    if (stopped) return;
    if (surplus(lane)) break;
    RunCall(lock, lane);
  }
  lanes[lane].detach();
  lanes.erase(lane);
  // The wake-up that this lane took may have been meant for a call.
  work.notify_one();
}

void CallPool::Core::RunCall(std::unique_lock<std::mutex>& lock, int lane) {
  const std::string name = std::move(ready.front());
  ready.pop_front();
  Key& key = keys[name];
  Job job = std::move(key.waiting.front());
  key.waiting.pop_front();
  key.running = true;
  key.running_refusable = Refusable(job);
  running[lane] = {name, std::move(job.done), Clock::now(), false};
  // With other calls in time, the watchdog already sleeps until an earlier deadline than this one's.
  if (static_cast<int>(running.size()) - overdue == 1) watch.notify_one();

  lock.unlock();
  absl::Status status = job.call(lane);
  job.call = nullptr;
  lock.lock();

  Running finished = std::move(running[lane]);
  running.erase(lane);
  idle.notify_all();
  if (finished.overdue) {
    --overdue;
    work.notify_all();  // a spare lane may be surplus now
  } else {
    Tell(lock, std::move(finished.done), std::move(status));
  }
  if (stopped) return;
  // Looked up again: the table may have moved.
  Key& freed = keys[name];
  freed.running = freed.stuck = false;
  if (freed.waiting.empty()) {
    keys.erase(name);
  } else {
    MakeReady(name, freed);
  }
}

void CallPool::Core::RunWatchdog() {
  std::unique_lock lock(mutex);
  while (!stopped) {
    MarkOverdue();
    if (!answers.empty()) {
      Answer answer = std::move(answers.back());
      answers.pop_back();
      Tell(lock, std::move(answer.done), std::move(answer.status));
    } else if (const auto next = NextDeadline()) {
      watch.wait_until(lock, *next);
    } else {
      watch.wait(lock);
    }
  }
}

void CallPool::Core::MarkOverdue() {
  const Clock::time_point now = Clock::now();
  for (auto& [lane, call] : running) {
    if (call.overdue || now < call.started + deadline) continue;
    call.overdue = true;
    ++overdue;
    answers.push_back({std::move(call.done),
                       absl::DeadlineExceededError(fmt::format(
                           "domain {}: no answer within {}; it is left alone until it answers (see virsh domjobinfo)",
                           call.key, absl::FormatDuration(options.deadline)))});
    Key& key = keys[call.key];
    key.stuck = true;
    std::deque<Job> patient;
    for (Job& job : key.waiting) {
      if (Refusable(job)) {
        Refuse(std::move(job.done), fmt::format("domain {}: it hangs in an earlier call", call.key));
      } else {
        patient.push_back(std::move(job));
      }
    }
    key.waiting = std::move(patient);
    const int most = options.threads + options.spare_threads;
    if (healthy() < options.threads && static_cast<int>(lanes.size()) < most) StartLane();
  }
}

std::optional<Clock::time_point> CallPool::Core::NextDeadline() const {
  std::optional<Clock::time_point> next;
  for (const auto& [lane, call] : running) {
    if (!call.overdue && (!next || call.started + deadline < *next)) next = call.started + deadline;
  }
  return next;
}

// A call of `key` waits: wakes a lane for it, unless one is at work on the key.
void CallPool::Core::MakeReady(const std::string& name, const Key& key) {
  if (key.running || key.waiting.empty()) return;
  ready.push_back(name);
  work.notify_one();
}

void CallPool::Core::Refuse(Done done, const std::string& why) {
  answers.push_back({std::move(done), absl::UnavailableError(why + "; it can be tried again later")});
  watch.notify_one();
}

// Releases the mutex while it calls.
void CallPool::Core::Tell(std::unique_lock<std::mutex>& lock, Done done, absl::Status status) {
  if (stopped || done == nullptr) return;
  ++answering;
  lock.unlock();
  done(std::move(status));
  done = nullptr;
  lock.lock();
  --answering;
  idle.notify_all();
}

CallPool::CallPool(const Options& options) : core_(std::make_shared<Core>(options)) {
  const std::lock_guard lock(core_->mutex);
  for (int i = 0; i < options.threads; ++i) core_->StartLane();
  core_->watchdog = std::thread([core = core_] { core->RunWatchdog(); });
}

CallPool::~CallPool() {
  Stop();
}

void CallPool::Submit(const std::string& name, WhenStuck when_stuck, Call call, Done done) {
  Core::Job job{when_stuck, std::move(call), std::move(done)};
  const std::lock_guard lock(core_->mutex);
  if (core_->stopped) return;
  const auto known = core_->keys.find(name);
  if (Core::Refusable(job)) {
    std::string why;
    if (core_->healthy() <= 0) {
      why = fmt::format("domain {}: all {} threads hang in calls for other domains", name, core_->lanes.size());
    } else if (known != core_->keys.end() && known->second.stuck) {
      why = fmt::format("domain {}: it hangs in an earlier call", name);
    } else if (known != core_->keys.end() &&
               ((known->second.running && known->second.running_refusable) ||
                std::any_of(known->second.waiting.begin(), known->second.waiting.end(), Core::Refusable))) {
      why = fmt::format("domain {}: another change is in progress", name);
    }
    if (!why.empty()) {
      core_->Refuse(std::move(job.done), why);
      return;
    }
  }
  Core::Key& key = known == core_->keys.end() ? core_->keys[name] : known->second;
  const bool was_waiting = !key.waiting.empty();
  key.waiting.push_back(std::move(job));
  if (!was_waiting) core_->MakeReady(name, key);
}

void CallPool::Stop() {
  // Destroyed after the mutex is released: what they captured may have destructors of any kind.
  std::unordered_map<std::string, Core::Key> dropped;
  std::vector<Core::Answer> unanswered;
  std::unique_lock lock(core_->mutex);
  if (std::exchange(core_->stopped, true)) return;
  dropped.swap(core_->keys);
  unanswered.swap(core_->answers);
  core_->ready.clear();
  core_->work.notify_all();
  core_->watch.notify_all();
  core_->idle.wait_for(lock, absl::ToChronoNanoseconds(core_->options.stop_patience),
                       [&] { return core_->running.empty(); });
  core_->idle.wait(lock, [&] { return core_->answering == 0; });
  std::vector<std::thread> ending;
  for (auto& [lane, thread] : core_->lanes) {
    if (core_->running.contains(lane)) {
      thread.detach();
    } else {
      ending.push_back(std::move(thread));
    }
  }
  lock.unlock();
  for (std::thread& thread : ending) thread.join();
  core_->watchdog.join();
}

int CallPool::threads() const {
  const std::lock_guard lock(core_->mutex);
  return static_cast<int>(core_->lanes.size());
}

int CallPool::overdue() const {
  const std::lock_guard lock(core_->mutex);
  return core_->overdue;
}

}  // namespace hypertier
