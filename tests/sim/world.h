// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/sim/result.h"
#include "tests/sim/scenario.h"

namespace hypertier::sim {

// Lives through a scenario under one policy. Equal arguments give equal results.
Result Run(const Scenario& scenario, const std::string& policy);

// Under the scenario's policy and the two to compare it with.
Comparison Compare(const Scenario& scenario);

}  // namespace hypertier::sim
