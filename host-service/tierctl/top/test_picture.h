// SPDX-License-Identifier: Apache-2.0
//
// Made-up hosts for tests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "host-service/tierctl/top/picture.h"

namespace hypertier::tierctl::top {

inline constexpr std::uint64_t kGiB = 1ULL << 30;

// Managed, idle, 8 GiB of FMEM of which `fmem` are held, 16 GiB of SMEM of which 4 are.
inline v1::Vm TestVm(const std::string& name, const std::string& tenant, std::uint64_t fmem,
                     std::optional<double> hits = std::nullopt) {
  v1::Vm vm;
  vm.set_name("vms/" + name);
  vm.set_display_name(name);
  vm.set_tenant(tenant);
  vm.set_management(v1::MANAGEMENT_MANAGED);
  for (const v1::TierKind kind : {v1::TIER_KIND_FMEM, v1::TIER_KIND_SMEM}) {
    v1::Tier& tier = *vm.add_tiers();
    tier.set_kind(kind);
    tier.set_state(v1::TIER_STATE_IDLE);
    tier.set_cell_bytes((kind == v1::TIER_KIND_FMEM ? 8 : 16) * kGiB);
    tier.set_charged_bytes(kind == v1::TIER_KIND_FMEM ? fmem : 4 * kGiB);
    tier.set_target_bytes(tier.charged_bytes());
    tier.set_resident_bytes(tier.charged_bytes() / 2);
    tier.set_reason("near enough to 4 GiB");
  }
  if (hits) vm.mutable_placement()->set_hit_ratio(*hits);
  return vm;
}

inline void Add(Picture& picture, const v1::Vm& vm) {
  picture.vms.push_back(std::make_shared<const v1::Vm>(vm));
}

// Two tenants, of which only acme has terms, and a VM that is nobody's.
inline Picture TestPicture() {
  Picture picture;
  picture.synced = true;
  v1::Host host;
  host.set_policy("hotness");
  for (const v1::TierKind kind : {v1::TIER_KIND_FMEM, v1::TIER_KIND_SMEM}) {
    v1::HostTier& tier = *host.add_tiers();
    tier.set_kind(kind);
    tier.set_capacity_bytes(64 * kGiB);
    tier.set_charged_bytes(16 * kGiB);
    tier.set_reservation_bytes(32 * kGiB);
  }
  picture.host = host;
  v1::Tenant acme;
  acme.set_name("tenants/acme");
  acme.set_display_name("Acme Corp.");
  picture.tenants.push_back(acme);
  Add(picture, TestVm("web-1", "acme", 2 * kGiB, 0.9));
  Add(picture, TestVm("web-2", "acme", 4 * kGiB));
  Add(picture, TestVm("web-3", "acme", 3 * kGiB, 0.5));
  Add(picture, TestVm("db-1", "globex", 8 * kGiB, 0.7));
  Add(picture, TestVm("lost", "", 1 * kGiB));
  return picture;
}

}  // namespace hypertier::tierctl::top
