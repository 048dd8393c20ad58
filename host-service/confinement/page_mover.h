// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "common/bytes.h"

namespace hypertier {

// move_pages(2), for tests to take its place. `nodes` null: only tells where the pages are.
using MovePages = std::function<long(pid_t pid, unsigned long count, void** pages, const int* nodes, int* status)>;
long MovePagesOfKernel(pid_t pid, unsigned long count, void** pages, const int* nodes, int* status);

// Moves memory of a process from some NUMA nodes to others.
class PageMover {
 public:
  PageMover(MovePages call, pid_t pid) : call_(std::move(call)), pid_(pid) {}

  struct Range {
    std::uint64_t begin = 0;
    Bytes size;
  };
  struct Moved {
    Bytes bytes;
    // Where it stopped, if it did so before all of the range was looked at: bytes from the range's begin.
    Bytes left;
    // Why less was moved than wanted, though pages were there to be moved.
    absl::Status status;
  };
  // Moves up to `most` bytes of what the range has on nodes `from` to node `to`, the highest addresses first: a guest's
  // kernel lives low. Pages that are in use at the moment are passed over. ResourceExhausted: the node has no room;
  // PermissionDenied: the process may not use it; NotFound: it has gone.
  Moved Move(const Range& range, const std::vector<int>& from, int to, Bytes most) const;

 private:
  absl::Status MoveBatch(std::vector<void*>& pages, int to) const;

  const MovePages call_;
  const pid_t pid_;
};

}  // namespace hypertier
