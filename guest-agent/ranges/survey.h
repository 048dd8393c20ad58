// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "guest-agent/ranges/options.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/ranges/ranking.h"

namespace hypertier::ranges {

// What to measure next. First what was never surveyed, then what was last surveyed survey_age ago (or a second ago,
// where accesses go and nothing is known to be resident: just touched); in each the most accessed first. `ranking` as
// Rank() gives it.
std::vector<Survey> ChooseSurveys(const std::vector<Ranked>& ranking, const Options& options, Time now);

// Notes in `range` that `span`, aligned to chunks, has been measured.
void MarkSurveyed(Range& range, AddressSpan span, Time now);

}  // namespace hypertier::ranges
