// SPDX-License-Identifier: Apache-2.0
//
// What the planner knows: capacities, policies, and the state of each VM. All of it is put together elsewhere and
// already bounded: no reservation above its limit, no weight that is not above 0.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::qos {

// Of one tier, for a tenant (all its VMs together) or for a VM.
struct TierPolicy {
  // Guaranteed: it is there within the deadline when it is wanted.
  Bytes reservation;
  // Never exceeded.
  Bytes limit = Bytes::Max();
  // Weight in the competition for what is left when all claims are met.
  double shares = 1.0;

  friend bool operator==(const TierPolicy&, const TierPolicy&) = default;
};

struct Tenant {
  std::string name;
  PerTier<TierPolicy> policy;
};

// With so much FMEM a guest would serve so large a share of its accesses from it.
struct CurvePoint {
  Bytes fmem;
  double share = 0;
};

struct VmTier {
  // The guest cannot live with less.
  Bytes floor;
  // Of the cell: the most that it can have.
  Bytes size;
  // In force.
  Bytes target;
  // What it may have in use now, whatever its target: while it shrinks, more than that.
  Bytes held;
  // It holds more than its target and does not give it back: nobody can count on that.
  bool overstays = false;
};

struct Vm {
  // Index of its tenant.
  std::size_t tenant = 0;
  PerTier<TierPolicy> policy;
  PerTier<VmTier> tiers;

  // Not to be changed: maintenance, no agent, or its statistics are stale or absurd. It is only ever shrunk, to its
  // limit.
  bool frozen = false;

  // What follows is the guest's word, and steers only what nobody reserved.

  // Memory in use, both tiers together; not known: all it has.
  std::optional<Bytes> used;
  // Rising; empty without accesses or without placement.
  std::vector<CurvePoint> curve;
  // Accesses a second that missed the caches.
  double access_rate = 0;
  // Share of time that some program waited for memory (PSI "some"), 0 to 1.
  double pressure = 0;
};

struct Snapshot {
  // Of the host, less what it keeps for itself.
  PerTier<Bytes> capacity;
  std::vector<Tenant> tenants;
  std::vector<Vm> vms;
};

}  // namespace hypertier::qos
