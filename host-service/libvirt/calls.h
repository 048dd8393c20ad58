// SPDX-License-Identifier: Apache-2.0
//
// The libvirt calls that may block on a domain, for ever if it comes to that. Workers only.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/libvirt/connection.h"
#include "host-service/libvirt/hypervisor.h"

namespace hypertier {

// Name, state and XML. NotFound: there is no such domain.
absl::StatusOr<DomainInfo> ReadDomain(const ConnectionHandle& connection, const std::string& uuid);

// Asks the guest to have so much plugged of the running domain's virtio-mem devices. FailedPrecondition: it has no such
// devices.
absl::Status SetRequested(const ConnectionHandle& connection, const std::string& uuid, const PerTier<Bytes>& requested);

// Plugs the agent's virtio-serial port into the running domain, not into its configuration.
absl::Status AttachAgentChannel(const ConnectionHandle& connection, const std::string& uuid);

absl::Status PauseDomain(const ConnectionHandle& connection, const std::string& uuid);
absl::Status DestroyDomain(const ConnectionHandle& connection, const std::string& uuid);

}  // namespace hypertier
