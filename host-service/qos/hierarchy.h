// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "common/bytes.h"
#include "host-service/qos/water_fill.h"

namespace hypertier::qos {

// Tenants compete for an amount, and what a tenant gets its VMs compete for.
struct Hierarchy {
  struct Vm {
    std::size_t tenant = 0;
    Contender contender;
  };
  std::vector<Contender> tenants;
  std::vector<Vm> vms;

  // One amount for each VM. No tenant gets more than its most, nor more than its VMs could use.
  std::vector<Bytes> Divide(Bytes total) const;
};

}  // namespace hypertier::qos
