// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "host-service/domain/describe.h"

namespace hypertier {

// Where a VM's FMEM cell lies on the host.
struct Confinement {
  // On nodes of the host's FMEM, and of its SMEM.
  Bytes fast;
  Bytes slow;
  // Moved by this call, to or from SMEM's nodes.
  Bytes moved;
};

// Keeps a VM to its FMEM without its help: what its FMEM cell holds beyond is moved to the host's SMEM nodes.
class Confiner {
 public:
  virtual ~Confiner() = default;
  // Sees to it that at most `most` bytes of the VM's FMEM cell lie on FMEM nodes, and that no more of it lies on SMEM
  // nodes than this needs: a step in either direction of at most a GiB or so, which may take seconds; so never on
  // control's thread. Errors as ResidencyProbe's, and: ResourceExhausted when the nodes have no room, PermissionDenied
  // when the process may not use them.
  virtual absl::StatusOr<Confinement> Confine(const domain::Description& vm, Bytes most) = 0;
};

}  // namespace hypertier
