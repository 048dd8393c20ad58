// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "common/unique_fd.h"
#include "host-service/channel/agent_link.h"
#include "host-service/channel/time.h"

namespace hypertier::channel {

// A connection to the unix socket at `path`, not blocking, with a small send buffer: what a guest does not read must
// not pile up in the kernel either.
absl::StatusOr<UniqueFd> ConnectUnix(const std::string& path);

// A session number from the kernel's random generator; never 0.
std::uint64_t RandomSession();

// One VM's link and the socket under it: connects, reconnects with growing pauses, carries bytes. Lives on the
// channel's thread.
class Connection {
 public:
  // `options`, `events` and `sessions` must outlive it.
  Connection(const std::string& vm, std::string path, const LinkOptions& options, AgentEvents& events,
             const AgentLink::SessionSource& sessions);

  // Reads and writes once, as far as the link and the socket will, after epoll has said `epoll_events` (0: only the
  // time has come); connects when that is due.
  void Run(Time now, std::uint32_t epoll_events);

  // -1 while there is no connection.
  int fd() const { return fd_.get(); }
  // How often a connection was made; fd() is a new one when this has grown.
  std::uint64_t connects() const { return connects_; }
  // What epoll is to wait for.
  std::uint32_t interest() const;
  // When Run() wants to be called at the latest.
  Time NextDeadline() const;

  AgentLink& link() { return link_; }
  const std::string& path() const { return path_; }

 private:
  void Connect(Time now);
  void Read(Time now);
  void Write(Time now);
  // Closes the socket and plans the next attempt.
  void Drop(Time now);

  const std::string path_;
  const LinkOptions& options_;
  AgentLink link_;
  UniqueFd fd_;
  std::uint64_t connects_ = 0;
  bool writable_ = true;
  // This connection has held a session for long enough to be trusted with quick reconnects.
  bool steady_ = false;
  std::chrono::milliseconds pause_;
  Time connect_due_ = Time::min();
};

}  // namespace hypertier::channel
