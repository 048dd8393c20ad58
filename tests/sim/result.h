// SPDX-License-Identifier: Apache-2.0
//
// What has come of a scenario.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"
#include "tests/sim/scenario.h"

namespace hypertier::sim {

// Of all VMs of a group together, at the end of a period.
struct Moment {
  struct Tier {
    // By what the VMs say.
    Bytes demand;
    Bytes target;
    Bytes held;
  };
  PerTier<Tier> tiers;
  // A second; and those that FMEM serves.
  double accesses = 0;
  double served = 0;
};

struct GroupResult {
  // One a period.
  std::vector<Moment> line;
  // The worst of any VM: how much of a wanted reservation it lacked, and for how long it lacked any.
  struct Unmet {
    Bytes worst;
    Seconds longest = 0;
  };
  PerTier<Unmet> unmet;
};

struct Result {
  std::string policy;
  // As the scenario's.
  std::vector<GroupResult> groups;
  // By which holdings changed, both tiers, up and down.
  Bytes moved;
  Bytes moved_after_convergence;
  // Periods in which the planner's own invariants or those of the audit were broken, and the first of what was said.
  std::int64_t violations = 0;
  std::vector<std::string> broken;

  // Of all accesses of all VMs.
  double accesses() const;
  double served() const;
  Seconds longest_unmet() const;
};

// One scenario under the policy asked for, and under those to compare it with.
struct Comparison {
  Result result;
  Result at_static;
  Result at_proportional;

  double gain_over_static() const { return Gain(at_static); }
  double gain_over_proportional() const { return Gain(at_proportional); }

 private:
  // The same VMs make the same accesses whatever the policy, so this is the ratio of hit ratios, too.
  double Gain(const Result& peer) const { return peer.served() > 0 ? result.served() / peer.served() : 1.0; }
};

}  // namespace hypertier::sim
