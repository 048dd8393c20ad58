// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/policy/terms.h"

namespace hypertier::policy {

// InvalidArgument, with the field and the remedy, for terms that cannot be: percentages outside 0 to 100, shares that
// are no weight, a reservation above its limit. `whole`: what percentages are of; where it is not known, a percentage
// is compared only with another.
absl::Status CheckTerms(const Terms& terms, const std::optional<PerTier<Bytes>>& whole);

}  // namespace hypertier::policy
