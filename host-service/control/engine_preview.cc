// SPDX-License-Identifier: Apache-2.0
//
// Engine: what the planner would do, and why it does what it does.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "host-service/control/commitment.h"
#include "host-service/control/engine.h"
#include "host-service/control/standing.h"
#include "host-service/policy/check.h"
#include "host-service/policy/parse.h"
#include "host-service/policy/who_said.h"
#include "host-service/qos/planner.h"

namespace hypertier::control {
namespace {

PlannedVm PlannedOf(const Fleet& fleet, const qos::Plan& plan, std::size_t i) {
  const Vm& vm = *fleet.vms[i];
  PlannedVm planned{
      .uuid = vm.uuid, .name = vm.name, .tenant = vm.tenant, .in_force = {}, .held = {}, .targets = plan.targets[i]};
  for (const TierId tier : kTiers) {
    planned.in_force[tier] = fleet.snapshot.vms[i].tiers[tier].target;
    planned.held[tier] = fleet.snapshot.vms[i].tiers[tier].held;
  }
  return planned;
}

bool Changes(const PlannedVm& vm) {
  return std::any_of(kTiers.begin(), kTiers.end(),
                     [&](TierId tier) { return vm.targets[tier].amount != vm.in_force[tier]; });
}

std::string WhyNotPlanned(const Vm& vm, const EngineOptions& options) {
  if (vm.promise.mode == policy::Mode::kStatic) return "its mode is static: its targets are what was last asked for";
  if (!vm.operation.empty()) return fmt::format("operations/{} is under way", vm.operation);
  return StandingOf(vm, options).reason;
}

std::string PressureWords(double pressure) {
  if (pressure >= 1) return "; it has run out of memory not long ago";
  return pressure > 0 ? fmt::format("; its programs wait for memory {:.2g} % of the time", 100 * pressure) : "";
}

std::string DemandSentence(const qos::Vm& vm, TierId tier, Bytes demand) {
  const bool by_curve = tier == TierId::kFmem && !vm.curve.empty();
  const std::string_view whence = by_curve  ? "by the hotness of its memory"
                                  : vm.used ? "by what its programs use"
                                            : "since nothing is known";
  return fmt::format("{}: it would make use of {}, {}{}", TierName(tier), FormatBytes(demand), whence,
                     PressureWords(vm.pressure));
}

std::string TenantSentence(const Fleet& fleet, std::size_t tenant, TierId tier) {
  Bytes held;
  for (const qos::Vm& vm : fleet.snapshot.vms) {
    if (vm.tenant == tenant) held += vm.tiers[tier].held;
  }
  const qos::Tenant& of = fleet.snapshot.tenants[tenant];
  const qos::TierPolicy& terms = of.policy[tier];
  return fmt::format("{}: tenant {} has {} reserved, {} and {}; its VMs hold {}", TierName(tier),
                     of.name.empty() ? "\"\"" : of.name, FormatBytes(terms.reservation),
                     terms.limit == Bytes::Max() ? "no limit" : "a limit of " + FormatBytes(terms.limit),
                     policy::FormatShares(terms.shares), FormatBytes(held));
}

std::string HostSentence(const Fleet& fleet, TierId tier) {
  Bytes held;
  for (const qos::Vm& vm : fleet.snapshot.vms) held += vm.tiers[tier].held;
  return fmt::format("{}: of {} that VMs may have on this host they hold {}", TierName(tier),
                     FormatBytes(fleet.snapshot.capacity[tier]), FormatBytes(held));
}

}  // namespace

absl::Status Engine::CheckPlans() const {
  if (!options_.qos.Plans()) {
    return absl::FailedPreconditionError(fmt::format("nothing is planned on this host: {}", options_.qos.off));
  }
  return CheckSynced();
}

absl::StatusOr<std::vector<PlannedVm>> Engine::PreviewPlan(const PreviewRequest& request, const Now& now) {
  if (absl::Status status = CheckPlans(); !status.ok()) return status;
  TenantMap tenants = *tenants_;
  for (const auto& [id, terms] : request.tenants) {
    if (absl::Status status = policy::CheckTerms(terms, options_.qos.capacity); !status.ok()) return status;
    tenants[id].terms = terms;
  }
  std::map<const Vm*, policy::Promise> promises;
  for (const auto& [name, said] : request.policies) {
    const auto found = FindByName(name);
    if (!found.ok()) return found.status();
    const Vm& vm = **found;
    if (!vm.TwoTier()) {
      return absl::InvalidArgumentError(fmt::format("policies: VM {} is not two-tier, and never planned", vm.name));
    }
    if (absl::Status status = CheckVmTerms(vm, said); !status.ok()) return status;
    if (!promises.emplace(&vm, PromiseOf(vm, said)).second) {
      return absl::InvalidArgumentError(fmt::format("policies: VM {} is named twice", vm.name));
    }
  }
  Fleet fleet = TheFleet(tenants, now);
  for (std::size_t i = 0; i < fleet.vms.size(); ++i) {
    const auto other = promises.find(fleet.vms[i]);
    if (other == promises.end()) continue;
    fleet.snapshot.vms[i].policy = other->second.tiers;
    fleet.snapshot.vms[i].frozen = !Planned(*fleet.vms[i], other->second.mode, options_);
  }
  const qos::Plan plan = qos::MakePlan(fleet.snapshot, *options_.qos.policy);
  std::vector<PlannedVm> planned;
  for (std::size_t i = 0; i < fleet.vms.size(); ++i) {
    PlannedVm vm = PlannedOf(fleet, plan, i);
    if (request.include_unchanged || Changes(vm)) planned.push_back(std::move(vm));
  }
  std::sort(planned.begin(), planned.end(),
            [](const PlannedVm& a, const PlannedVm& b) { return std::tie(a.name, a.uuid) < std::tie(b.name, b.uuid); });
  return planned;
}

absl::StatusOr<Explanation> Engine::Explain(const std::string& name, const Now& now) {
  if (absl::Status status = CheckPlans(); !status.ok()) return status;
  const auto found = FindByName(name);
  if (!found.ok()) return found.status();
  const Vm& vm = **found;
  if (!vm.TwoTier() || !vm.Alive()) {
    return absl::FailedPreconditionError(
        fmt::format("name: VM {} has no targets to explain: {}", vm.name, StandingOf(vm, options_).reason));
  }
  const Fleet fleet = TheFleet(*tenants_, now);
  const qos::Plan plan = qos::MakePlan(fleet.snapshot, *options_.qos.policy);
  const auto i = static_cast<std::size_t>(std::find(fleet.vms.begin(), fleet.vms.end(), &vm) - fleet.vms.begin());
  const qos::Vm& seen = fleet.snapshot.vms[i];

  Explanation explanation{.vm = PlannedOf(fleet, plan, i), .sentences = {}};
  std::vector<std::string>& out = explanation.sentences;
  if (host_->maintenance) {
    out.push_back(fmt::format("the host is in maintenance ({}), and no target is changed", host_->maintenance->reason));
  }
  const bool planned = Planned(vm, options_);
  out.push_back(planned ? fmt::format("its targets are planned each {} by the policy {}",
                                      absl::FormatDuration(options_.qos.period), options_.qos.policy_name)
                        : "its targets are not planned now: " + WhyNotPlanned(vm, options_));
  const policy::VmTerms over_grpc = SaidOverGrpc(vm.uuid);
  const policy::VmTerms granted = Granted(vm.uuid);
  const std::array words{policy::Word{"over gRPC", &over_grpc},
                         policy::Word{"its domain's metadata", &vm.description->policy},
                         policy::Word{"its grant", &granted}, policy::Word{"its flavor", &vm.description->nova_policy}};
  for (const TierId tier : kTiers) {
    out.push_back(fmt::format("{}: {}", TierName(tier),
                              policy::WhoSaid(words, options_.qos.classes, tier, vm.promise.tiers[tier])));
    out.push_back(TenantSentence(fleet, seen.tenant, tier));
    out.push_back(HostSentence(fleet, tier));
    if (!planned) continue;
    const qos::Target& target = plan.targets[i][tier];
    out.push_back(DemandSentence(seen, tier, target.demand));
    out.push_back(fmt::format("{}: target {}", TierName(tier), qos::Explain(target)));
  }
  return explanation;
}

absl::Status Engine::CheckRoom(const Vm& vm, const PerTier<Bytes>& targets) const {
  if (!options_.qos.Plans()) return absl::OkStatus();
  std::vector<const Vm*> fleet;
  for (const auto& [uuid, other] : vms_) fleet.push_back(other.get());
  for (const TierId tier : kTiers) {
    if (targets[tier] <= vm.targets->bytes[tier]) continue;
    const Room room = RoomFor(vm, tier, fleet, *tenants_, *grants_, options_);
    if (targets[tier] > room.tenant) {
      return absl::OutOfRangeError(fmt::format(
          "tiers: {} of {} is more than the {} that the limit of tenant {} and its other VMs leave; ask for less, or "
          "raise the limit (tierctl tenant set {} --{}-limit)",
          TierName(tier), FormatBytes(targets[tier]), FormatBytes(room.tenant), vm.tenant, vm.tenant, TierName(tier)));
    }
    if (targets[tier] > room.host) {
      return absl::OutOfRangeError(fmt::format(
          "tiers: {} of {} is more than the {} that other VMs' memory and promises leave of this host; ask for less, "
          "or let its targets be planned (tierctl policy set {} --mode auto) with that much reserved, which makes room",
          TierName(tier), FormatBytes(targets[tier]), FormatBytes(room.host), vm.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace hypertier::control
