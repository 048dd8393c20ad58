// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/domain/describe.h"

namespace hypertier {

// Where one VM's guest memory can be measured; found once after each start of the VM and used until Measure fails.
struct ResidencyTarget {
  // The domain, as DescribeDomain gives it (uuid, name, backing, cells, backends).
  domain::Description domain;
};

// Measures what the host really backs of a VM's tiers, without asking the guest or libvirt. Reads /proc and the file
// system only, below an injected root. Thread-safe; may take milliseconds where memory is anonymous (the kernel walks
// page tables), so never on control's thread.
class ResidencyProbe {
 public:
  virtual ~ResidencyProbe() = default;
  // NotFound: the QEMU process is not there (any more). FailedPrecondition: its memory cannot be told apart by tier,
  // with the reason.
  virtual absl::StatusOr<PerTier<Bytes>> Measure(const ResidencyTarget& target) = 0;
};

}  // namespace hypertier
