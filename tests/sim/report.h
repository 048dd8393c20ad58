// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "tests/sim/result.h"
#include "tests/sim/scenario.h"

namespace hypertier::sim {

// For people: a row for each tenant, group and tier, and what it comes to.
std::string FormatReport(const Scenario& scenario, const Comparison& comparison);

// For tests/sim/chart: the time lines of the policy asked for, a value a period.
std::string FormatJson(const Scenario& scenario, const Comparison& comparison);

// What did not come as the scenario expects, each in a sentence.
std::vector<std::string> Disappointments(const Scenario& scenario, const Comparison& comparison);

}  // namespace hypertier::sim
