// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/control/model.h"

namespace hypertier::control {

// What VMs have of one tier together.
struct TierSums {
  // A VM without a target may have its cell.
  Bytes target;
  Bytes charged;
  Bytes resident;
  // Above what is reserved, where targets are planned.
  Bytes burst;
  Bytes missing;
};

// Of the two-tier VMs that run, as GetHost and GetTenant of the gRPC API count them: of all, or of one tenant's.
struct Sums {
  std::uint32_t vms = 0;
  PerTier<TierSums> tiers;

  // One that does not run, or is not two-tier, counts for nothing.
  void Add(const VmRecord& vm);
  Sums& operator+=(const Sums& others);

  // Share of all accesses that FMEM serves; absent without any.
  std::optional<double> HitRatio() const;

 private:
  // Accesses a second, and those of them that FMEM serves.
  double accesses_ = 0;
  double hits_ = 0;
};

}  // namespace hypertier::control
