// SPDX-License-Identifier: Apache-2.0
//
// What a guest says becomes fit for the host's logs, terminals and model here, and nowhere else.
#pragma once

#include <cstddef>

#include "absl/status/statusor.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::channel {

// Bounded strings; each feature that the host knows at most once; no unknown fields.
agent::v1::GuestHello CleanHello(const agent::v1::GuestHello& hello);

// At most one entry a tier, unknown enum values as UNSPECIFIED, no unknown fields; of placement, shares are between 0
// and 1 and a curve rises, or they are left out. A tier named twice or not at all is an error.
absl::StatusOr<agent::v1::Report> CleanReport(const agent::v1::Report& report);

// The bound of CommandFailed.reason.
inline constexpr std::size_t kReasonLimit = 256;

}  // namespace hypertier::channel
