// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "host-service/qos/burst.h"

namespace hypertier::qos {

// First what VMs would make use of, then all that they may have: between tenants by shares, and between a tenant's VMs
// by theirs.
class ByShares final : public BurstPolicy {
 public:
  std::vector<Bytes> Divide(const BurstProblem& problem) const override;

  // The same on top of what is given already; adds to `given`.
  static void Divide(const BurstProblem& problem, std::vector<Bytes>& given);
};

}  // namespace hypertier::qos
