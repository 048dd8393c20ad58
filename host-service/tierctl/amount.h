// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "hypertier/v1/hypertier.pb.h"

namespace hypertier::tierctl {

// Reads what a person writes behind --fmem or --smem: "1GiB" (the new size), "+512MiB" or "-512MiB" (a change).
absl::StatusOr<v1::TierResize> ParseAmount(v1::TierKind tier, std::string_view text);

}  // namespace hypertier::tierctl
