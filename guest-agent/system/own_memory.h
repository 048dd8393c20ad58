// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/status.h"

namespace hypertier::agent {

// Moves the memory of this process, as far as it is on NUMA node `from` and nobody else's, to node `to`, and has the
// calling thread and those that it starts allocate there from now on, while there is room. An error names the system
// call that the kernel refuses.
absl::Status LiveOn(int to, int from);

}  // namespace hypertier::agent
