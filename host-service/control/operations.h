// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "host-service/control/model.h"
#include "host-service/control/snapshot.h"

namespace hypertier::control {

// All operations that are remembered. Published ones are never changed: an update puts a new object in place.
class OperationBook {
 public:
  // Unique, and larger than every id before, so that descending ids are newest first even when the wall clock steps
  // back.
  std::string NextId(absl::Time wall);

  // Null when unknown.
  OperationPtr Find(const std::string& id) const;
  // Adds it, or puts it in place of the one with its id. An ended one is forgotten from `forget_at` (mono) on.
  void Put(Operation operation, absl::Duration forget_at = absl::InfiniteDuration());
  // Removes ended ones whose time has come and, oldest first, ended ones beyond `most`. Returns how many.
  std::size_t Forget(absl::Duration now, std::size_t most);

  // Newest first; the same object until something changes.
  std::shared_ptr<const std::vector<OperationPtr>> View();
  const OperationCounts& counts() const { return counts_; }

 private:
  struct Entry {
    OperationPtr operation;
    absl::Duration forget_at;
  };
  // By id, newest first.
  std::map<std::string, Entry, std::greater<>> operations_;
  std::shared_ptr<const std::vector<OperationPtr>> view_ = std::make_shared<const std::vector<OperationPtr>>();
  bool changed_ = false;
  std::uint64_t last_id_ = 0;
  OperationCounts counts_;
};

// "pending", "succeeded", ...
std::string_view OperationStateName(OperationRecord::State state);

}  // namespace hypertier::control
