// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/by_hotness.h"

#include <algorithm>

#include "host-service/qos/by_shares.h"

namespace hypertier::qos {
namespace {

struct Offer {
  double value;
  std::size_t vm;
  Bytes amount;
};

std::vector<Offer> BestFirst(const BurstProblem& problem) {
  std::vector<Offer> offers;
  for (std::size_t i = 0; i < problem.vms.size(); ++i) {
    const BurstProblem::Vm& vm = problem.vms[i];
    const double weight = vm.shares * problem.tenants[vm.tenant].shares;
    for (const Gain& gain : vm.gains) {
      if (gain.hits > 0) offers.push_back({gain.hits * weight, i, gain.amount});
    }
  }
  // Equal ones in their order, so that equal inputs give equal plans.
  std::ranges::stable_sort(offers, std::ranges::greater(), &Offer::value);
  return offers;
}

}  // namespace

std::vector<Bytes> ByHotness::Divide(const BurstProblem& problem) const {
  std::vector<Bytes> given(problem.vms.size());
  std::vector<Bytes> of_tenant(problem.tenants.size());
  Bytes kept;
  for (const BurstProblem::Tenant& tenant : problem.tenants) kept += std::min(tenant.least, tenant.room);
  // What tenants have a right to is not for others, while it lasts.
  Bytes free = problem.total - kept;
  Bytes left = problem.total;
  for (const Offer& offer : BestFirst(problem)) {
    const BurstProblem::Vm& vm = problem.vms[offer.vm];
    const BurstProblem::Tenant& tenant = problem.tenants[vm.tenant];
    Bytes& had = of_tenant[vm.tenant];
    const Bytes own = std::min(tenant.least, tenant.room) - had;
    const Bytes amount = std::min({offer.amount, vm.room - given[offer.vm], tenant.room - had, own + free, left});
    free -= amount - own;
    left -= amount;
    given[offer.vm] += amount;
    had += amount;
  }
  ByShares::Divide(problem, given);
  return given;
}

}  // namespace hypertier::qos
