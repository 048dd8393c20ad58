// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host-service/tierctl/report/document.h"
#include "host-service/tierctl/report/span.h"

namespace hypertier::tierctl::report {

// From 0 to at least `most`, at most six ticks at round figures; the last is where the axis ends.
std::vector<Tick> ValueTicks(Unit unit, double most);

// At round times of the local clock, at most eight.
std::vector<Tick> TimeTicks(const Span& span);

}  // namespace hypertier::tierctl::report
