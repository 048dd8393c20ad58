// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "common/tier.h"
#include "host-service/tierctl/top/picture.h"
#include "host-service/tierctl/top/view.h"

namespace hypertier::tierctl::top {

// A row of the body. Points into the picture.
struct Row {
  // A VM; null: a tenant.
  const v1::Vm* vm = nullptr;

  // Of a tenant: its id ("": VMs without one), what is known of it (null: nothing), and sums of its VMs in bytes.
  std::string_view tenant;
  const v1::Tenant* terms = nullptr;
  std::size_t vms = 0;
  PerTier<std::uint64_t> charged;
  PerTier<std::uint64_t> targets;
};

// Each tenant with its VMs under it (without them when folded), VMs that have none last.
std::vector<Row> Arrange(const Picture& picture, const View& view);

// The tier of a VM; null where it has none.
const v1::Tier* TierOf(const v1::Vm& vm, TierId tier);

}  // namespace hypertier::tierctl::top
