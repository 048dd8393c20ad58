// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "host-service/qos/burst.h"
#include "host-service/qos/model.h"

namespace hypertier::qos {

// What more FMEM than `from`, up to `to`, would serve, best first. A curve that a guest made up so that it bends the
// wrong way is straightened: nobody is given a stretch for the sake of what lies behind it.
std::vector<Gain> GainsOf(const Vm& vm, Bytes from, Bytes to);

// The same, with the first bytes of them worth `factor` times as much. Best first as before, if `factor` is not
// below 1.
std::vector<Gain> Favoured(const std::vector<Gain>& gains, Bytes first, double factor);

}  // namespace hypertier::qos
