// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/watch_state.h"

#include <algorithm>

namespace hypertier::api {

void WatchState::Compare(const control::FleetSnapshot& snapshot) {
  compared_version_ = snapshot.version;
  removed_.clear();
  changed_.clear();
  for (const control::VmPtr& vm : snapshot.vms) {
    if (!Wanted(vm->uuid)) continue;
    const auto told = told_.find(vm->uuid);
    if (told == told_.end() || told->second.vm != vm) changed_.push_back(vm->uuid);
  }
  for (const auto& [uuid, told] : told_) {
    if (!snapshot.index->by_uuid.contains(uuid)) removed_.push_back(uuid);
  }
}

WatchState::Step WatchState::Next(const control::SnapshotPtr& snapshot, absl::Duration now) {
  if (snapshot->version != compared_version_) Compare(*snapshot);
  if (!removed_.empty()) {
    Step step{.kind = Step::Kind::kRemoved, .vm = nullptr, .uuid = std::move(removed_.front()), .due = {}};
    removed_.pop_front();
    told_.erase(step.uuid);
    return step;
  }
  absl::Duration due = absl::InfiniteDuration();
  for (auto at = changed_.begin(); at != changed_.end(); ++at) {
    const auto told = told_.find(*at);
    const absl::Duration ready = told == told_.end() ? now : told->second.at + min_interval_;
    if (ready > now) {
      due = std::min(due, ready);
      continue;
    }
    const control::VmPtr& vm = snapshot->vms[snapshot->index->by_uuid.at(*at)];
    told_[*at] = Told{vm, now};
    changed_.erase(at);
    return {.kind = Step::Kind::kUpdated, .vm = vm, .uuid = {}, .due = {}};
  }
  // Nothing was ready, so whatever is left was told before: the first picture is complete.
  if (!synced_) {
    synced_ = true;
    return {.kind = Step::Kind::kSynced, .vm = nullptr, .uuid = {}, .due = {}};
  }
  return {.kind = Step::Kind::kNothing, .vm = nullptr, .uuid = {}, .due = due};
}

}  // namespace hypertier::api
