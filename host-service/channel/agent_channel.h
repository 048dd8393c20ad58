// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "host-service/channel/link_options.h"
#include "host-service/channel/time.h"
#include "hypertier/agent/v1/agent.pb.h"

namespace hypertier {

// What agents say, and what becomes of the links to them. Called on the channel's one thread, which serves every VM, so
// no method may block; post to a queue. `vm` is the UUID given to Open(). Strings that come from a guest are bounded,
// valid UTF-8 and without control characters; figures are whatever the guest claims. After Close() events that were
// under way may still come.
class AgentEvents {
 public:
  virtual ~AgentEvents() = default;

  // A session is open; commands work from now on. Again with the same link up when what the agent says of itself has
  // changed (hyperflex came or went). Only features that both ends speak are left in `hello`, whose version is the one
  // in use.
  virtual void LinkUp(const std::string& vm, const agent::v1::GuestHello& hello) = 0;

  // Only between LinkUp and LinkDown or LinkReset. No tiers, or one entry a tier; no tiers unless the balloons feature
  // is in use.
  virtual void ReportArrived(const std::string& vm, const agent::v1::Report& report, channel::Time arrived) = 0;

  // The guest could not carry out a command; a SetBalloons of this generation is no longer repeated.
  virtual void CommandFailed(const std::string& vm, std::uint64_t generation, const std::string& reason) = 0;

  // The link is not up, and why: it went down, it cannot be opened, nobody answers, no common version. Not repeated
  // with the same reason while the link stays down; the channel goes on trying by itself.
  virtual void LinkDown(const std::string& vm, const std::string& reason) = 0;

  // What came over the link was bad (garbage, oversized, out of turn, a flood): it was dropped and will be opened anew.
  // Implies that the link is down; LinkDown does not come as well.
  virtual void LinkReset(const std::string& vm, const std::string& reason) = 0;
};

// The host's ends of all agents' channels. Thread-safe; every call returns at once and takes effect on the channel's
// thread. Calls that the thread has not got to are merged, so that no caller can make a queue grow.
class AgentChannel {
 public:
  virtual ~AgentChannel() = default;

  // Keeps a link up over the unix socket on which QEMU serves the VM's port. The same path again changes nothing,
  // another path replaces the link.
  virtual void Open(const std::string& vm, const std::string& socket_path) = 0;

  // Ends the link without an event.
  virtual void Close(const std::string& vm) = 0;

  // New balloon sizes: sent now and every second until a report shows the generation, the guest says that it failed, a
  // newer one replaces it, or the session ends. Dropped while the link is not up or has no balloons: after LinkUp say
  // it again.
  virtual void SetBalloons(const std::string& vm, const agent::v1::SetBalloons& command) = 0;

  // Sent once; dropped while the link is not up. 0: the agent's own limit.
  virtual void LimitMoves(const std::string& vm, Bytes per_second) = 0;

  // Sent once; dropped while the link is not up.
  virtual void Rediscard(const std::string& vm) = 0;
};

// The real one. `events` must outlive it; no event comes once its destructor has returned.
absl::StatusOr<std::unique_ptr<AgentChannel>> MakeAgentChannel(const channel::LinkOptions& options,
                                                               AgentEvents& events);

}  // namespace hypertier
