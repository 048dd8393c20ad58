// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "hypertier/v1/vm.pb.h"

namespace hypertier::tierctl {

// Rows of text, made fit for a terminal and set in columns. A header row first; columns named in `right` are set flush
// right.
std::string FormatTable(std::vector<std::vector<std::string>> rows, const std::vector<std::size_t>& right);

// The table that `list` and `watch` show: a row a tier, a row a VM that has none. `wide`: with how the tiers move, too.
std::string FormatVms(const std::vector<v1::Vm>& vms, bool wide);

// All that is known of one VM, for people.
std::string FormatVm(const v1::Vm& vm);

}  // namespace hypertier::tierctl
