// SPDX-License-Identifier: Apache-2.0
//
// What a scenario file says, checked and with percentages resolved. README.md shows one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/qos/model.h"

namespace hypertier::sim {

// Seconds of simulated time since the scenario began. Doubles, because that is what arithmetic with rates needs.
using Seconds = double;

// What a VM's programs do from a moment on.
struct Phase {
  Seconds from = 0;
  // In use, both tiers together; and the hot part of it, which takes `hot_share` of the accesses, evenly.
  Bytes used;
  Bytes hot;
  double hot_share = 0;
  // A second, that missed the caches.
  double accesses = 0;
  // Share of time waiting for memory, as the guest tells it.
  double pressure = 0;
};

struct Faults {
  // Takes what it is given and never gives back.
  bool ignores_targets = false;
  // Says that it uses all and gains more by FMEM than anybody else.
  bool lies = false;
  // Neither reports nor hears from `silent_from` to `silent_to`.
  Seconds silent_from = 0;
  Seconds silent_to = 0;
  // Probability that what the host sends in a period does not arrive.
  double lose = 0;
};

// VMs that are alike.
struct Group {
  std::string name;
  std::size_t tenant = 0;
  std::size_t count = 1;
  PerTier<Bytes> cells;
  PerTier<qos::TierPolicy> policy;
  std::vector<Phase> phases;
  // After so long the phases begin anew; 0: never.
  Seconds repeat = 0;
  // The last VM is so much later in its phases than the first, the others in between.
  Seconds stagger = 0;
  // Each VM uses and accesses more or less than its phases say, by a share of up to this.
  double spread = 0;
  // What it tells of itself is off by a share of up to this, anew each period: guests sample, they do not count.
  double noise = 0;
  // A second, of each tier.
  Bytes shrink;
  Bytes grow;
  // From when a target arrives to when its guest acts on it.
  Seconds lag = 0;
  Faults faults;
};

// What is to come of it; what is absent is not checked.
struct Expect {
  // The mean of what a VM of `group` holds at a moment.
  struct Held {
    std::string group;
    TierId tier = TierId::kFmem;
    Seconds at = 0;
    std::optional<Bytes> least;
    std::optional<Bytes> most;
  };
  std::optional<std::int64_t> violations;
  std::optional<double> max_unmet_seconds;
  std::optional<double> min_gain_over_proportional;
  std::optional<double> min_gain_over_static;
  // From this second on, no more than this is moved in all.
  Seconds converged_after = 0;
  std::optional<Bytes> max_moved_after_convergence;
  std::vector<Held> held;
};

struct Scenario {
  PerTier<Bytes> capacity;
  Seconds period = 1;
  // Without a report for longer, a VM is frozen.
  Seconds stale_after = 5;
  // Without giving back anything of what it holds above its target for longer, a VM overstays.
  Seconds overstay_after = 2;
  // So long the planner may leave a wanted reservation unordered although there is room for it. More than
  // `overstay_after`: until then it counts on what it told others to give back.
  Seconds deadline = 5;
  std::string policy = "hotness";
  Seconds seconds = 300;
  std::uint64_t seed = 1;
  std::vector<qos::Tenant> tenants;
  std::vector<Group> groups;
  Expect expect;
};

}  // namespace hypertier::sim
