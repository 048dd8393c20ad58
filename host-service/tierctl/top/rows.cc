// SPDX-License-Identifier: Apache-2.0
#include "host-service/tierctl/top/rows.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "common/bytes.h"
#include "host-service/tierctl/words.h"

namespace hypertier::tierctl::top {
namespace {

struct Group {
  Row heading;
  std::vector<const v1::Vm*> vms;
};

std::uint64_t FmemCharged(const v1::Vm& vm) {
  const v1::Tier* fmem = TierOf(vm, TierId::kFmem);
  return fmem == nullptr ? 0 : fmem->charged_bytes();
}

// VMs of which it is not known come last.
double Hits(const v1::Vm& vm) {
  return vm.placement().has_hit_ratio() ? vm.placement().hit_ratio() : 2;
}

bool Before(const v1::Vm& a, const v1::Vm& b, Sort sort) {
  if (sort == Sort::kFmem && FmemCharged(a) != FmemCharged(b)) return FmemCharged(a) > FmemCharged(b);
  if (sort == Sort::kHits && Hits(a) != Hits(b)) return Hits(a) < Hits(b);
  return std::tie(a.display_name(), a.name()) < std::tie(b.display_name(), b.name());
}

bool Before(const Row& a, const Row& b, Sort sort) {
  // VMs without a tenant are nobody's.
  if (a.tenant.empty() != b.tenant.empty()) return b.tenant.empty();
  if (sort == Sort::kFmem && a.charged.fmem() != b.charged.fmem()) return a.charged.fmem() > b.charged.fmem();
  return a.tenant < b.tenant;
}

void Count(Row& heading, const v1::Vm& vm) {
  ++heading.vms;
  for (const TierId id : kTiers) {
    const v1::Tier* tier = TierOf(vm, id);
    if (tier == nullptr) continue;
    // Figures may be anything: sums must not wrap.
    heading.charged[id] = (Bytes(heading.charged[id]) + Bytes(tier->charged_bytes())).count();
    heading.targets[id] = (Bytes(heading.targets[id]) + Bytes(tier->target_bytes())).count();
  }
}

}  // namespace

const v1::Tier* TierOf(const v1::Vm& vm, TierId tier) {
  for (const v1::Tier& one : vm.tiers()) {
    if (one.kind() == (tier == TierId::kFmem ? v1::TIER_KIND_FMEM : v1::TIER_KIND_SMEM)) return &one;
  }
  return nullptr;
}

std::vector<Row> Arrange(const Picture& picture, const View& view) {
  std::map<std::string_view, Group> groups;
  for (const v1::Tenant& tenant : picture.tenants) groups[TenantId(tenant.name())].heading.terms = &tenant;
  for (const auto& vm : picture.vms) {
    Group& group = groups[vm->tenant()];
    Count(group.heading, *vm);
    group.vms.push_back(vm.get());
  }
  std::vector<Group*> order;
  for (auto& [id, group] : groups) {
    group.heading.tenant = id;
    order.push_back(&group);
  }
  std::ranges::sort(order, [&](const Group* a, const Group* b) { return Before(a->heading, b->heading, view.sort); });
  std::vector<Row> rows;
  rows.reserve(groups.size() + picture.vms.size());
  for (Group* group : order) {
    rows.push_back(group->heading);
    if (view.folded) continue;
    std::ranges::sort(group->vms, [&](const v1::Vm* a, const v1::Vm* b) { return Before(*a, *b, view.sort); });
    for (const v1::Vm* vm : group->vms) {
      Row row;
      row.vm = vm;
      rows.push_back(row);
    }
  }
  return rows;
}

}  // namespace hypertier::tierctl::top
