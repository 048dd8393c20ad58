// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host-service/domain/virtio_mem.h"

namespace hypertier::domain {

// A domain's <memory model='virtio-mem'>.
struct VirtioMemElement {
  TierId tier = TierId::kFmem;
  // libvirt's alias; "" before the domain has run.
  std::string alias;
  VirtioMemDevice device;
};

// An element that holds a number and has a unit, as libvirt writes them.
std::optional<Bytes> ReadSize(const pugi::xml_node& element);

// Those of a domain, in the order of its XML. FailedPrecondition, with the remedy: they are no two tiers (one of a tier
// is missing or too many, or its sizes cannot be read).
absl::StatusOr<std::vector<VirtioMemElement>> ReadVirtioMem(const pugi::xml_node& domain);

}  // namespace hypertier::domain
