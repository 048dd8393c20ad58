// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::qos {

// What decided about a target.
enum class Cause {
  // It has its reservation, or as much of it as it uses; and its share of what nobody reserved.
  kReservation,
  kLent,
  kBurst,
  // Its limit, or that of its tenant.
  kLimit,
  kTenantLimit,
  // The reservations do not fit the host.
  kOvercommitted,
  // Not to be changed.
  kFrozen,
  // It keeps what it was to give back.
  kOverstays,
  // It is near enough to what it should be.
  kSteady,
  // It is to grow, and what it grows into is still in use by others; or it grows in steps.
  kWaiting,
  kStep,
};

struct Target {
  Bytes amount;
  Cause cause = Cause::kReservation;
  // What it is entitled to now, what it would make use of, and where it is going.
  Bytes claim;
  Bytes demand;
  Bytes aim;
};

// "4 GiB: burst: 3 GiB reserved, 1 GiB more of what nobody needs".
std::string Explain(const Target& target);

struct Plan {
  // As the snapshot's VMs.
  std::vector<PerTier<Target>> targets;
};

}  // namespace hypertier::qos
