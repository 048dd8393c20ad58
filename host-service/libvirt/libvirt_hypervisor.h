// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "host-service/libvirt/call_stats.h"
#include "host-service/libvirt/hypervisor.h"

namespace hypertier {

// The real Hypervisor. Its threads: libvirt's event loop, one for the process, which only notes what is to be looked
// at; one that keeps the connection; and workers (CallPool), on which every call that may block on a domain runs. Many
// events of a domain become one look at it.
//
// Callbacks of one object come one at a time, and what they tell of a domain is never older than what they told before.
class LibvirtHypervisor : public Hypervisor {
 public:
  struct Options {
    std::string uri = "qemu:///system";
    // Calls at a time on the connection. libvirtd serves 5 of a client (max_client_requests); one is left for the list.
    int workers = 4;
    // After which a call is overdue. Also the longest that OnResync waits for domains.
    absl::Duration call_timeout = absl::Seconds(5);
    // OnResync goes without the rest once no domain has answered for this long.
    absl::Duration resync_patience = absl::Seconds(1);
    // Between attempts to connect: from the first, doubling, to the second.
    absl::Duration min_backoff = absl::Milliseconds(500);
    absl::Duration max_backoff = absl::Seconds(10);
    // How long Stop() waits for calls that run; those that hang are left behind.
    absl::Duration stop_patience = absl::Seconds(1);
    // Called on the worker before each call on a domain ("read", "attach", "pause", "destroy", "request"). For tests:
    // one that blocks is a domain that hangs.
    std::function<void(const std::string& call, const std::string& uuid)> before_call;
  };

  explicit LibvirtHypervisor(Options options);
  ~LibvirtHypervisor() override;

  void Start(HypervisorEvents* events) override;
  void Stop() override;
  void AttachAgentChannel(const std::string& uuid, std::function<void(absl::Status)> done) override;
  void Pause(const std::string& uuid, std::function<void(absl::Status)> done) override;
  void Destroy(const std::string& uuid, std::function<void(absl::Status)> done) override;
  void SetRequested(const std::string& uuid, const PerTier<Bytes>& requested,
                    std::function<void(absl::Status)> done) override;
  void Refresh(const std::string& uuid) override;

  // As long as this object.
  const LibvirtCallStats& stats() const;

 private:
  class Core;
  // Shared with the threads: one that hangs in libvirt outlives this object.
  std::shared_ptr<Core> core_;
};

}  // namespace hypertier
