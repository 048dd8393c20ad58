// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/domain/virtio_mem.h"
#include "host-service/policy/terms.h"

namespace hypertier::domain {

// The name of the agent's virtio-serial port.
inline constexpr std::string_view kAgentPort = "org.hypertier.agent.0";

// Who makes the tiers of a domain elastic.
enum class Provisioner {
  // hyperflex in the guest, told by its agent.
  kDoubleBalloon,
  // A virtio-mem device for each tier, told by libvirt; the guest needs a stock kernel and nothing of ours.
  kVirtioMem,
};

// Guest memory that QEMU has in one piece: a file or mapping of its own.
struct MemoryBackend {
  TierId tier = TierId::kFmem;
  // As libvirt calls it, and its file where there is one: "ram-node0", "virtiomem1".
  std::string name;
  Bytes size;

  friend bool operator==(const MemoryBackend&, const MemoryBackend&) = default;
};

// What hypertierd needs to know of a libvirt domain, read from its live XML.
struct Description {
  // UUID in lower case, libvirt name.
  std::string uuid;
  std::string name;
  // From <hypertier:vm tenant=...> in <metadata>, else nova's project UUID, else "".
  std::string tenant;
  // From the same element; see xml_names.h.
  policy::VmTerms policy;
  // From the extra specs in nova's element; see nova_element.h.
  policy::VmTerms nova_policy;
  // The most that the guest's agent is to move between the tiers in a second, by the same elements, ours first.
  std::optional<Bytes> move_rate;
  // What of them cannot be read, each with its remedy; that part counts as not said.
  std::vector<std::string> policy_problems;
  // The most that each tier can be: the guest cell, and with virtio-mem its device too. Absent: not two-tier, and
  // not_tiered says why.
  std::optional<PerTier<Bytes>> cells;
  std::string not_tiered;
  // The devices, by tier. Absent: the tiers have double balloons.
  std::optional<PerTier<VirtioMemDevice>> virtio_mem;
  // All guest memory of the tiers, in the order in which QEMU makes it.
  std::vector<MemoryBackend> backends;
  // Balloon sizes that the domain shape asks for at boot; absent without our SMBIOS string.
  std::optional<PerTier<Bytes>> boot_balloons;
  // Whether <memballoon> offers freePageReporting.
  bool free_page_reporting = false;
  // How guest memory is backed; decides how residency is measured.
  enum class Backing { kAnonymous, kMemfd, kFile } backing = Backing::kAnonymous;
  // Path of the unix socket of the agent's channel; empty if the domain has no such channel, or is not running.
  std::string agent_socket;
  bool has_agent_channel = false;

  Provisioner provisioner() const { return virtio_mem ? Provisioner::kVirtioMem : Provisioner::kDoubleBalloon; }
  // Of a two-tier domain: what of a tier can never be taken away, and the steps in which the rest moves.
  Bytes Base(TierId tier) const { return virtio_mem ? (*cells)[tier] - (*virtio_mem)[tier].size : Bytes(); }
  Bytes Granularity(TierId tier) const { return virtio_mem ? (*virtio_mem)[tier].block : kPage; }
};

// InvalidArgument when the text is not a libvirt domain. A domain that is merely not two-tier is no error.
absl::StatusOr<Description> DescribeDomain(std::string_view xml);

}  // namespace hypertier::domain
