// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/hierarchy.h"

#include <algorithm>

namespace hypertier::qos {

std::vector<Bytes> Hierarchy::Divide(Bytes total) const {
  std::vector<std::vector<std::size_t>> members(tenants.size());
  std::vector<Contender> bounded = tenants;
  std::vector<Contender> sums(tenants.size());
  for (std::size_t i = 0; i < vms.size(); ++i) {
    members[vms[i].tenant].push_back(i);
    sums[vms[i].tenant].least += vms[i].contender.least;
    sums[vms[i].tenant].most += vms[i].contender.most;
  }
  for (std::size_t tenant = 0; tenant < tenants.size(); ++tenant) {
    bounded[tenant].most = std::min(bounded[tenant].most, sums[tenant].most);
    bounded[tenant].least = std::max(bounded[tenant].least, sums[tenant].least);
  }
  const std::vector<Bytes> parts = WaterFill(total, bounded);
  std::vector<Bytes> amounts(vms.size());
  for (std::size_t tenant = 0; tenant < tenants.size(); ++tenant) {
    std::vector<Contender> contenders;
    for (const std::size_t i : members[tenant]) contenders.push_back(vms[i].contender);
    const std::vector<Bytes> divided = WaterFill(parts[tenant], contenders);
    for (std::size_t k = 0; k < divided.size(); ++k) amounts[members[tenant][k]] = divided[k];
  }
  return amounts;
}

}  // namespace hypertier::qos
