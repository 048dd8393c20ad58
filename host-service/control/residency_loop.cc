// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/residency_loop.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "absl/container/flat_hash_map.h"
#include "host-service/control/now.h"

namespace hypertier::control {

// Held by every worker, so that one that hangs may outlive the loop.
struct ResidencyLoop::Shared {
  struct Item {
    ResidencyTarget target;
    // Of the watch, so that a result for an older description is told apart.
    std::uint64_t number = 0;
    absl::Duration due;
    bool running = false;
  };

  Shared(ResidencyLoopOptions loop_options, ResidencyProbe* residency_probe, Done result)
      : options(loop_options), probe(residency_probe), done(std::move(result)) {}

  // Needs mutex. The most overdue item that nobody measures; null when there is none at all.
  Item* Next() {
    Item* next = nullptr;
    for (auto& [uuid, item] : items) {
      if (!item.running && (next == nullptr || item.due < next->due)) next = &item;
    }
    return next;
  }

  const ResidencyLoopOptions options;
  ResidencyProbe* const probe;
  const Done done;

  std::mutex mutex;
  std::condition_variable changed;
  // All below: mutex.
  bool stopping = false;
  absl::flat_hash_map<std::string, Item> items;
  std::uint64_t watches = 0;
  int workers = 0;
  int measuring = 0;
};

ResidencyLoop::ResidencyLoop(ResidencyLoopOptions options, ResidencyProbe* probe, Done done)
    : shared_(std::make_shared<Shared>(options, probe, std::move(done))) {
  // One more: a worker that is not measuring watches over those that are.
  const int count = std::max(options.threads, 1) + 1;
  std::unique_lock lock(shared_->mutex);
  for (int i = 0; i < count; ++i) {
    ++shared_->workers;
    std::thread(Work, shared_).detach();
  }
}

ResidencyLoop::~ResidencyLoop() {
  Stop();
}

void ResidencyLoop::Stop() {
  std::unique_lock lock(shared_->mutex);
  shared_->stopping = true;
  shared_->changed.notify_all();
  shared_->changed.wait_for(lock, std::chrono::seconds(1), [this] { return shared_->workers == 0; });
}

void ResidencyLoop::Watch(const domain::Description& domain) {
  std::unique_lock lock(shared_->mutex);
  Shared::Item& item = shared_->items[domain.uuid];
  const domain::Description& old = item.target.domain;
  const bool same = item.number != 0 && old.name == domain.name && old.cells == domain.cells &&
                    old.backing == domain.backing && old.agent_socket == domain.agent_socket;
  if (same) return;
  item.target.domain = domain;
  item.number = ++shared_->watches;
  item.due = MonoNow();
  item.running = false;
  shared_->changed.notify_all();
}

void ResidencyLoop::Unwatch(const std::string& uuid) {
  std::unique_lock lock(shared_->mutex);
  shared_->items.erase(uuid);
}

void ResidencyLoop::Hurry(const std::string& uuid) {
  std::unique_lock lock(shared_->mutex);
  const auto at = shared_->items.find(uuid);
  if (at == shared_->items.end()) return;
  at->second.due = MonoNow();
  shared_->changed.notify_all();
}

void ResidencyLoop::Work(std::shared_ptr<Shared> shared) {
  const ResidencyLoopOptions& options = shared->options;
  std::unique_lock lock(shared->mutex);
  while (!shared->stopping) {
    Shared::Item* item = shared->Next();
    const absl::Duration now = MonoNow();
    if (item == nullptr || item->due > now) {
      const absl::Duration idle = item == nullptr ? options.period : item->due - now;
      shared->changed.wait_for(lock, absl::ToChronoNanoseconds(idle));
      continue;
    }
    // The last free worker makes another before it may itself be caught in a measurement that hangs.
    if (shared->measuring + 1 >= shared->workers && shared->workers < options.max_threads) {
      ++shared->workers;
      std::thread(Work, shared).detach();
    }
    const ResidencyTarget target = item->target;
    const std::uint64_t number = item->number;
    const std::string uuid = target.domain.uuid;
    item->running = true;
    ++shared->measuring;
    lock.unlock();
    const absl::Duration began = MonoNow();
    absl::StatusOr<PerTier<Bytes>> resident = shared->probe->Measure(target);
    const absl::Duration end = MonoNow();
    lock.lock();
    --shared->measuring;
    if (shared->stopping) break;
    const auto at = shared->items.find(uuid);
    if (at == shared->items.end() || at->second.number != number) continue;
    at->second.running = false;
    // Where Hurry came meanwhile, the due time it set is in the past and must stay so.
    const bool hurried = at->second.due > began;
    if (!hurried) at->second.due = std::max(began + options.period, end + options.cost_factor * (end - began));
    // Under the lock: so nothing is delivered for a VM that was unwatched, or after Stop.
    shared->done(uuid, std::move(resident), began);
  }
  --shared->workers;
  shared->changed.notify_all();
}

}  // namespace hypertier::control
