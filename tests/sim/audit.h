// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"
#include "tests/sim/scenario.h"

namespace hypertier::sim {

// One tier of one VM at the end of a period: what is true of it, and what it was told.
struct TierTruth {
  Bytes held;
  Bytes due;
  Bytes target;
  // The most that it may yet hold by what it was told before.
  Bytes charge;
};

struct VmTruth {
  std::size_t group = 0;
  // Of its group.
  std::size_t index = 0;
  // The host hears from it.
  bool heard = true;
  PerTier<TierTruth> tiers;
};

// Judges a host by what VMs really hold and really would use, whatever the planner says of itself:
//
//   What VMs hold does not sum past the host's capacity or their tenant's limit, and none is above its own. (All fits
//   at the beginning and nobody takes what it was not given; so whatever does not fit was given too early.)
//   A reservation that is wanted is ordered within the deadline, unless it waits for VMs that are told to give back
//   and will.
class Audit {
 public:
  explicit Audit(const Scenario& scenario);

  // After each period; returns what is broken, each in a sentence.
  std::vector<std::string> Check(const std::vector<VmTruth>& vms);

  struct Unmet {
    // Of a reservation that was wanted, and which the host and the tenant could have met.
    Bytes worst;
    Seconds longest = 0;
  };
  const Unmet& unmet(std::size_t group, TierId tier) const { return unmet_[group][tier]; }

 private:
  struct Sums;
  struct Clock {
    Seconds unmet = 0;
    Seconds late = 0;
  };
  void CheckTier(const std::vector<VmTruth>& vms, TierId tier, std::vector<std::string>& broken);
  void CheckLimits(const std::vector<VmTruth>& vms, TierId tier, const Sums& host, const std::vector<Sums>& tenants,
                   std::vector<std::string>& broken) const;

  const Scenario& scenario_;
  std::vector<PerTier<Unmet>> unmet_;
  // Of each VM.
  std::vector<PerTier<Clock>> clocks_;
};

}  // namespace hypertier::sim
