// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/sim/scenario.h"

namespace hypertier::sim {

// Reads a scenario. `path` is for messages only. InvalidArgument carries every error there is, each on a line of its
// own: "path:line:column: field: what is wrong; remedy".
absl::StatusOr<Scenario> LoadScenario(std::string_view text, std::string_view path);

// The same from a file. NotFound, PermissionDenied or Unavailable when it cannot be read.
absl::StatusOr<Scenario> LoadScenarioFile(const std::string& path);

}  // namespace hypertier::sim
