// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/time/time.h"
#include "host-service/control/snapshot.h"

namespace hypertier::api {

// What one watcher has seen, and so what to tell it next. It holds one record a VM, never a backlog: a change that
// comes while an older one has not been told yet takes its place.
class WatchState {
 public:
  struct Step {
    enum class Kind { kNothing, kUpdated, kRemoved, kSynced } kind = Kind::kNothing;
    // kUpdated.
    control::VmPtr vm;
    // kRemoved.
    std::string uuid;
    // kNothing: when a change that is held back may be told (Now::mono's clock).
    absl::Duration due = absl::InfiniteDuration();
  };

  // `only`: these VMs; absent: all. `min_interval`: least time between two updates of one VM.
  WatchState(std::optional<absl::flat_hash_set<std::string>> only, absl::Duration min_interval)
      : only_(std::move(only)), min_interval_(min_interval) {}

  // The next thing to tell; it counts as told.
  Step Next(const control::SnapshotPtr& snapshot, absl::Duration now);

 private:
  struct Told {
    control::VmPtr vm;
    absl::Duration at;
  };

  bool Wanted(const std::string& uuid) const { return !only_ || only_->contains(uuid); }
  // Finds what has changed since it was told.
  void Compare(const control::FleetSnapshot& snapshot);

  const std::optional<absl::flat_hash_set<std::string>> only_;
  const absl::Duration min_interval_;
  absl::flat_hash_map<std::string, Told> told_;
  // Gone or changed since told, or never told; in the order of the snapshot.
  std::deque<std::string> removed_;
  std::deque<std::string> changed_;
  std::uint64_t compared_version_ = 0;
  bool synced_ = false;
};

}  // namespace hypertier::api
