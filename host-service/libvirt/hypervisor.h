// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier {

// Life-cycle state of a domain.
enum class DomainState { kRunning, kPaused, kShutOff, kCrashed, kSuspended, kUnknown };

// One domain as the hypervisor knows it.
struct DomainInfo {
  // UUID in lower case.
  std::string uuid;
  std::string name;
  DomainState state = DomainState::kUnknown;
  // Live XML when it runs, inactive XML otherwise.
  std::string xml;
  // False, in OnResync only: the domain is there, but did not answer in time. `state` is then kUnknown and `xml` empty;
  // what was known of the domain before still holds, and OnDomain follows once it answers.
  bool answered = true;
};

// What a Hypervisor tells its owner. Called from its own threads; implementations must not block and not call back into
// Hypervisor.
class HypervisorEvents {
 public:
  virtual ~HypervisorEvents() = default;
  // Connected (again): `domains` is everything there is; what is not in it is gone.
  virtual void OnResync(std::vector<DomainInfo> domains) = 0;
  // A domain is new or has changed (defined, started, paused, device added, ...).
  virtual void OnDomain(DomainInfo domain) = 0;
  // A domain is gone: undefined, or stopped and transient.
  virtual void OnDomainGone(const std::string& uuid) = 0;
  // The guest reset itself and goes on in the same QEMU process.
  virtual void OnReboot(const std::string& uuid) = 0;
  // The connection is lost, or could not be had so far; Hypervisor reconnects by itself with back-off, then OnResync.
  // Called again while it stays down only when the reason changes.
  virtual void OnDisconnected(const std::string& reason) = 0;
};

// The one owner of libvirt in hypertierd. No method blocks on a domain: results arrive by callback on a worker thread,
// with DeadlineExceeded when the domain did not answer in time (the call itself is then left to finish by itself, and
// further calls for that domain answer Unavailable until it has).
class Hypervisor {
 public:
  virtual ~Hypervisor() = default;

  // Connects and begins to deliver events. Returns at once; a connection that cannot be had is retried with back-off.
  virtual void Start(HypervisorEvents* events) = 0;
  // No event and no callback after it returns.
  virtual void Stop() = 0;

  // Adds the agent's virtio-serial port to a running domain (live only). Ends with OnDomain carrying the new XML.
  virtual void AttachAgentChannel(const std::string& uuid, std::function<void(absl::Status)> done) = 0;
  // Stops a running domain's processors; its memory stays.
  virtual void Pause(const std::string& uuid, std::function<void(absl::Status)> done) = 0;
  // Pulls a running domain's plug.
  virtual void Destroy(const std::string& uuid, std::function<void(absl::Status)> done) = 0;
  // Asks the guest of a running domain to have so much of its virtio-mem devices plugged (live only). Ends with
  // OnDomain carrying the new XML; so does each change of what it has plugged.
  virtual void SetRequested(const std::string& uuid, const PerTier<Bytes>& requested,
                            std::function<void(absl::Status)> done) = 0;
  // Reads the domain again; ends with OnDomain or OnDomainGone.
  virtual void Refresh(const std::string& uuid) = 0;
};

}  // namespace hypertier
