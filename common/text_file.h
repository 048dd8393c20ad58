// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace hypertier {

// All of a file. `what` it is stands in the error: "PATH: cannot read WHAT: No such file or directory", NotFound,
// PermissionDenied or Unavailable.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, std::string_view what);

}  // namespace hypertier
