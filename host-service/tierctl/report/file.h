// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/status.h"

namespace hypertier::tierctl::report {

// Puts a whole file in place at once: nobody sees half of it, and what was there stays if it fails.
// AlreadyExists: there is one, and `force` is not set.
absl::Status WriteFile(const std::string& path, const std::string& text, bool force);

// What WriteFile would say now, so that nobody waits for a report that cannot be written.
absl::Status CheckFile(const std::string& path, bool force);

}  // namespace hypertier::tierctl::report
