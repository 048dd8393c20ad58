// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "common/bytes.h"
#include "host-service/qos/model.h"

namespace hypertier::qos {

// Between two points of a hotness curve, and from nothing to the first, the share grows evenly; beyond the last it does
// not grow.

// Share of the accesses that `fmem` serves.
double ShareServed(const std::vector<CurvePoint>& curve, Bytes fmem);

// Least FMEM that serves so large a share, or what serves all that the curve knows of.
Bytes FmemServing(const std::vector<CurvePoint>& curve, double share);

}  // namespace hypertier::qos
