// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "host-service/policy/resolve.h"

namespace hypertier::policy {

// Somebody's word about a VM, and whose it is, for people: "domain's metadata".
struct Word {
  std::string_view whose;
  const VmTerms* terms = nullptr;
};

// What is promised of a tier, and whose word each part is, most authority first as in Resolve: "reservation 2 GiB (25
// %, class gold), limit 4 GiB (its cell), 1 share (by default)".
std::string WhoSaid(std::span<const Word> by_authority, const Classes& classes, TierId tier,
                    const qos::TierPolicy& promised);

}  // namespace hypertier::policy
