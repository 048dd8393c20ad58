// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace hypertier::agent {

// The beginning of a small file (of /proc or /sys), at most `limit` bytes.
absl::StatusOr<std::string> ReadFile(const std::string& path, std::size_t limit);

// The status for a failed call: "PATH: cannot WHAT: strerror". ENOENT and the like become NotFound, the rest Internal.
absl::Status ErrnoStatus(int error, const std::string& path, const char* what);

}  // namespace hypertier::agent
