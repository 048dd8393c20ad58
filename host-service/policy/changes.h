// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "host-service/policy/terms.h"

namespace hypertier::policy {

// For the audit log: "fmem limit 4 GiB -> 8 GiB, smem shares none -> 2"; "nothing" for equal ones.
std::string Changes(const Terms& before, const Terms& after);
std::string Changes(const VmTerms& before, const VmTerms& after);

}  // namespace hypertier::policy
