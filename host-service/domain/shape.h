// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/domain/describe.h"

namespace hypertier::domain {

// What a two-tier domain is to look like.
struct ShapeOptions {
  // Sizes of the cells: the most each tier can ever be. Multiples of 2 MiB.
  PerTier<Bytes> cells;
  // Tier targets at boot; default: the whole cells.
  PerTier<std::optional<Bytes>> targets;
  Provisioner provisioner = Provisioner::kDoubleBalloon;
  // virtio-mem only: what of each tier is always there. The guest kernel's own memory is in FMEM's, so that its default
  // is a quarter of both cells.
  PerTier<std::optional<Bytes>> bases;
  // Tenant and policy for the metadata element; what is empty or not said leaves what is there.
  std::string tenant;
  policy::VmTerms policy;
  // Likewise: the most that the guest's agent is to move between the tiers in a second.
  std::optional<Bytes> move_rate;
  // HMAT read latencies of the tiers in nanoseconds. Defaults: local DRAM and direct-attached CXL as measured by
  // Sun et al., "Demystifying CXL Memory" (MICRO'23).
  PerTier<unsigned> latency_ns{100, 250};
  // HMAT bandwidths a second; a guest kernel forms memory tiers only from both figures. Defaults by arithmetic: eight
  // channels of DDR5-4800 (8 bytes each transfer: 307 GB/s), and the one channel behind a CXL card. Multiples of 4 GiB,
  // since QEMU encodes them in 16 bits over a common unit.
  PerTier<Bytes> bandwidth{Bytes::GiB(288), Bytes::GiB(36)};
  // Host NUMA nodes to which the cells' memory is bound, as in libvirt's nodeset syntax ("0", "2-3"); empty: not bound.
  PerTier<std::string> host_nodes;
};

// Turns any x86 KVM or QEMU domain XML into a two-tier one: cells (all vCPUs on cell 0), memfd backing, HMAT latencies,
// metadata; for a double balloon memballoon options, boot targets (SMBIOS OEM string) and agent channel, for virtio-mem
// its devices. Everything else stays as it is, and shaping twice is the same as once.
//
// InvalidArgument: the XML or an option is malformed (the message names it). FailedPrecondition: the domain has
// something that cannot be changed or that tiers cannot live with (huge pages, locked memory, its own NUMA cells, no
// memballoon, SMBIOS taken from the host, ...); the message names the element and the remedy.
absl::StatusOr<std::string> ShapeDomain(std::string_view xml, const ShapeOptions& options);

}  // namespace hypertier::domain
