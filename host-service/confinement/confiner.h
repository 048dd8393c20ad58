// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "host-service/domain/describe.h"

namespace hypertier {

// Where a VM's FMEM lies on the host.
struct Confinement {
  // On nodes of the host's FMEM, and of its SMEM. Of what a step moves out, only what a later one still finds there
  // counts: a guest can have the memory that was moved discarded, and touch it anew, the moment after.
  Bytes fast;
  Bytes slow;
  // Moved to SMEM's nodes by this call; not in `slow`.
  Bytes moved;
  // Why less was moved than should be.
  absl::Status trouble;
};

// Keeps a VM to its FMEM without its help: what its FMEM cell holds beyond is moved to the host's SMEM nodes.
class Confiner {
 public:
  virtual ~Confiner() = default;
  // Sees to it that at most `most` bytes of the VM's FMEM lie on FMEM nodes, of which at most `at_most` are moved out,
  // and that no more of it lies on SMEM nodes than this needs: a step in either direction that is bounded in what it
  // looks at and moves, but may take seconds; so never on control's thread. With `at_most` 0, and more than `most` on
  // FMEM, it only looks. Errors, of looking, as ResidencyProbe's. In `trouble`: ResourceExhausted when the nodes have
  // no room, PermissionDenied when the process may not use them, Unavailable when its pages cannot be moved.
  virtual absl::StatusOr<Confinement> Confine(const domain::Description& vm, Bytes most, Bytes at_most) = 0;
};

}  // namespace hypertier
