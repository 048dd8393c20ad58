// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"

namespace hypertier::qos {

// A stretch of FMEM that would serve so many more accesses a second for each byte.
struct Gain {
  Bytes amount;
  double hits = 0;
};

// What is left of a tier when all claims are met, and who competes for it.
struct BurstProblem {
  struct Tenant {
    double shares = 1.0;
    // For its VMs before anybody else's, of a reservation of the tenant that its VMs' claims do not use up.
    Bytes least;
    // Up to the tenant's limit.
    Bytes room;
  };
  struct Vm {
    std::size_t tenant = 0;
    double shares = 1.0;
    // What it would make use of, and what it may have: beyond its claim.
    Bytes wanted;
    Bytes room;
    // Of what lies beyond its claim, best first; empty if it is not known.
    std::vector<Gain> gains;
  };
  Bytes total;
  std::vector<Tenant> tenants;
  std::vector<Vm> vms;
};

// A way to divide it. To add one: a file with a class, and a line in burst.cc.
class BurstPolicy {
 public:
  virtual ~BurstPolicy() = default;
  // One amount for each VM: none above its room, those of a tenant not above the tenant's, all not above the total.
  virtual std::vector<Bytes> Divide(const BurstProblem& problem) const = 0;
};

// "static": nothing is lent. "proportional": by shares. "hotness": where it serves the most accesses, weighted by
// shares; the rest by shares. InvalidArgument: no such policy; says which there are.
absl::StatusOr<std::unique_ptr<BurstPolicy>> MakeBurstPolicy(std::string_view name);

}  // namespace hypertier::qos
