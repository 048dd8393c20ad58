// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/qos/burst.h"

namespace hypertier::qos {

// To where the next byte serves the most accesses a second, times the shares of VM and tenant. As gains come best
// first, taking the best of all again and again serves the most that can be served. What nobody gains by is divided by
// shares.
class ByHotness final : public BurstPolicy {
 public:
  std::vector<Bytes> Divide(const BurstProblem& problem) const override;
};

}  // namespace hypertier::qos
