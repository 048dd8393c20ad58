// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/policy/terms.h"

namespace hypertier::domain {

// The name of the agent's virtio-serial port.
inline constexpr std::string_view kAgentPort = "org.hypertier.agent.0";

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
  // What of them cannot be read, each with its remedy; that part counts as not said.
  std::vector<std::string> policy_problems;
  // Sizes of the two guest cells. Absent: not two-tier, and not_tiered says why.
  std::optional<PerTier<Bytes>> cells;
  std::string not_tiered;
  // Balloon sizes that the domain shape asks for at boot; absent without our SMBIOS string.
  std::optional<PerTier<Bytes>> boot_balloons;
  // Whether <memballoon> offers freePageReporting.
  bool free_page_reporting = false;
  // How guest memory is backed; decides how residency is measured.
  enum class Backing { kAnonymous, kMemfd, kFile } backing = Backing::kAnonymous;
  // Path of the unix socket of the agent's channel; empty if the domain has no such channel, or is not running.
  std::string agent_socket;
  bool has_agent_channel = false;
};

// InvalidArgument when the text is not a libvirt domain. A domain that is merely not two-tier is no error.
absl::StatusOr<Description> DescribeDomain(std::string_view xml);

}  // namespace hypertier::domain
