// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/unique_fd.h"

namespace hypertier::agent {

// Becomes readable when the process is to end (SIGTERM, SIGINT). Blocks them in this thread and in those that it starts
// from now on, and has writing to closed pipes fail instead of ending the process.
UniqueFd StopSignals();

}  // namespace hypertier::agent
