// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/planner.h"

#include "host-service/qos/aims.h"
#include "host-service/qos/settle.h"

namespace hypertier::qos {

Plan MakePlan(const Snapshot& snapshot, const BurstPolicy& policy, const Options& options) {
  Plan plan;
  plan.targets.resize(snapshot.vms.size());
  std::vector<Bytes> fmem(snapshot.vms.size());
  for (const TierId tier : kTiers) {
    std::vector<Target> targets = FindAims(snapshot, tier, fmem, policy, options);
    Settle(snapshot, tier, options, targets);
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (tier == TierId::kFmem) fmem[i] = targets[i].amount;
      plan.targets[i][tier] = targets[i];
    }
  }
  return plan;
}

}  // namespace hypertier::qos
