// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier::domain {

// A virtio-mem device that makes a tier elastic; sizes are multiples of its block.
struct VirtioMemDevice {
  // The most that it can have plugged.
  Bytes size;
  // In which it plugs and unplugs.
  Bytes block;
  // What the guest is asked to have plugged.
  Bytes requested;
  // What it has plugged, by QEMU's word; nothing while the domain does not run.
  Bytes current;

  friend bool operator==(const VirtioMemDevice&, const VirtioMemDevice&) = default;
};

// The XML of a running domain's device of this tier with another requested size, for virDomainUpdateDeviceFlags.
// FailedPrecondition: it has no such device.
absl::StatusOr<std::string> WithRequested(std::string_view domain_xml, TierId tier, Bytes requested);

}  // namespace hypertier::domain
