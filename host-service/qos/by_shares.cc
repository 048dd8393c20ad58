// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/by_shares.h"

#include <algorithm>

#include "host-service/qos/hierarchy.h"

namespace hypertier::qos {

std::vector<Bytes> ByShares::Divide(const BurstProblem& problem) const {
  std::vector<Bytes> given(problem.vms.size());
  Divide(problem, given);
  return given;
}

void ByShares::Divide(const BurstProblem& problem, std::vector<Bytes>& given) {
  for (const Bytes BurstProblem::Vm::*most : {&BurstProblem::Vm::wanted, &BurstProblem::Vm::room}) {
    Hierarchy hierarchy;
    Bytes left = problem.total;
    for (const BurstProblem::Tenant& tenant : problem.tenants) {
      hierarchy.tenants.push_back({tenant.shares, tenant.least, tenant.room});
    }
    for (std::size_t i = 0; i < problem.vms.size(); ++i) {
      const BurstProblem::Vm& vm = problem.vms[i];
      hierarchy.vms.push_back({vm.tenant, {vm.shares, Bytes(), std::min(vm.*most, vm.room) - given[i]}});
      Contender& tenant = hierarchy.tenants[vm.tenant];
      tenant.least -= given[i];
      tenant.most -= given[i];
      left -= given[i];
    }
    const std::vector<Bytes> more = hierarchy.Divide(left);
    for (std::size_t i = 0; i < given.size(); ++i) given[i] += more[i];
  }
}

}  // namespace hypertier::qos
