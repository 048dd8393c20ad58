// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "guest-agent/hyperflex/balloon_guest.h"
#include "guest-agent/placement/placement_thread.h"
#include "guest-agent/port/port.h"
#include "guest-agent/session/session.h"
#include "guest-agent/system/event_loop.h"

namespace hypertier::agent {

struct AgentOptions {
  // Before every path that the agent finds by itself; "" in production, a fixture tree in tests.
  std::string root;
  // The port's device file; empty: found by its name.
  std::string port;
  std::string device = "/dev/hyperflex";
  // Null: nothing is placed.
  PlacementThread* placement = nullptr;
  Identity identity;
};

// The agent without its command line and placement: carries bytes between the port and the session, and wakes the
// session when the balloons change. One thread.
class Agent {
 public:
  // `loop` must outlive the agent.
  Agent(AgentOptions options, EventLoop& loop);
  ~Agent();

  // Does what is due now, and says when it wants to be called again at the latest. Call after each EventLoop::Wait.
  Time Run(Time now);

  // In a session with the host.
  bool linked() const { return session_.open(); }

 private:
  void OpenPort(Time now);
  void ClosePort(Time now);
  void Exchange(Time now);
  void Read(Time now);
  void Write(Time now);
  void WatchDevice();

  const AgentOptions options_;
  EventLoop& loop_;
  Port port_;
  BalloonGuest guest_;
  Session session_;

  // The port may have something to read, or may take something again (its edges have been seen).
  bool readable_ = false;
  bool writable_ = false;
  bool host_there_ = false;
  // When to look again for a port, or for a host whose arrival was not reported.
  Time retry_due_ = Time::min();
  std::string last_problem_;
  // The opening of the device that is being watched.
  std::uint64_t watched_open_ = 0;
  int watched_fd_ = -1;
};

}  // namespace hypertier::agent
