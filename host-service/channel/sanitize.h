// SPDX-License-Identifier: Apache-2.0
//
// What a guest says becomes fit for the host's logs, terminals and model here, and nowhere else.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier::channel {

// `text` as valid UTF-8 of at most `limit` bytes without anything that could act on a terminal or mislead a reader:
// control characters, line separators and characters that change the writing direction become \u{...}, bytes that are
// no UTF-8 become \x...
std::string Printable(std::string_view text, std::size_t limit);

// Bounded strings; each feature that the host knows at most once; no unknown fields.
agent::v1::GuestHello CleanHello(const agent::v1::GuestHello& hello);

// At most one entry a tier, unknown enum values as UNSPECIFIED, no unknown fields; of placement, shares are between 0
// and 1 and a curve rises, or they are left out. A tier named twice or not at all is an error.
absl::StatusOr<agent::v1::Report> CleanReport(const agent::v1::Report& report);

// The bound of CommandFailed.reason.
inline constexpr std::size_t kReasonLimit = 256;

}  // namespace hypertier::channel
