// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/snapshot.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"

namespace hypertier::control {

absl::Status NothingKnown(const std::string& disconnect_reason) {
  return absl::UnavailableError(fmt::format(
      "hypertierd has not had a list of domains from libvirt yet ({}); it keeps trying", disconnect_reason));
}

std::string WithoutPrefix(const std::string& text, const std::string& prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::shared_ptr<const FleetIndex> BuildIndex(const std::vector<VmPtr>& vms) {
  auto index = std::make_shared<FleetIndex>();
  index->by_uuid.reserve(vms.size());
  index->by_name.reserve(vms.size());
  for (std::size_t i = 0; i < vms.size(); ++i) {
    index->by_uuid[vms[i]->uuid] = i;
    const auto [at, is_new] = index->by_name.try_emplace(vms[i]->name, i);
    if (!is_new) at->second = FleetIndex::kAmbiguous;
  }
  return index;
}

absl::StatusOr<VmPtr> FleetSnapshot::FindVm(const std::string& name) const {
  const std::string key = WithoutPrefix(name, "vms/");
  if (key.empty()) return absl::InvalidArgumentError("name: empty; write \"vms/{uuid}\" or a libvirt domain name");
  const auto by_uuid = index->by_uuid.find(ToLower(key));
  if (by_uuid != index->by_uuid.end()) return vms[by_uuid->second];
  const auto by_name = index->by_name.find(key);
  if (by_name == index->by_name.end()) {
    return absl::NotFoundError(
        fmt::format("name: libvirt has no domain \"{}\" (looked for its UUID and its name); ListVms shows all", key));
  }
  if (by_name->second == FleetIndex::kAmbiguous) {
    return absl::FailedPreconditionError(
        fmt::format("name: several domains are named \"{}\" at the moment; write \"vms/{{uuid}}\"", key));
  }
  return vms[by_name->second];
}

absl::StatusOr<OperationPtr> FleetSnapshot::FindOperation(const std::string& name) const {
  const std::string id = WithoutPrefix(name, "operations/");
  if (id.empty()) return absl::InvalidArgumentError("name: empty; write \"operations/{id}\"");
  const auto newer = [](const OperationPtr& op, const std::string& wanted) { return op->record.id > wanted; };
  const auto at = std::lower_bound(operations->begin(), operations->end(), id, newer);
  if (at == operations->end() || (*at)->record.id != id) {
    return absl::NotFoundError(
        fmt::format("name: no operation \"{}\"; ended operations are forgotten after an hour", id));
  }
  return *at;
}

}  // namespace hypertier::control
