// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace hypertier {

// The error of this thread's last libvirt call that failed. `subject` is what it was about ("domain vm1"), `tried` what
// failed
// ("cannot read its XML"). NotFound means that the domain does not exist.
absl::Status LibvirtError(std::string_view subject, std::string_view tried);

}  // namespace hypertier
