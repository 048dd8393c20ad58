// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libvirt/libvirt.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace hypertier {

// A reference to a libvirt connection: calls that hang keep theirs after the connection has been given up.
using ConnectionHandle = std::shared_ptr<virConnect>;

// Opens a connection. May block for as long as the daemon does not answer.
absl::StatusOr<ConnectionHandle> OpenConnection(const std::string& uri);

// What happens on a connection. Called on libvirt's event thread; must not block. May still be called shortly after
// ~Connection.
struct ConnectionCallbacks {
  // Something about this domain is new: look at it.
  std::function<void(const std::string& uuid)> changed;
  // The guest reset itself.
  std::function<void(const std::string& uuid)> rebooted;
  std::function<void(const std::string& reason)> lost;
};

// A connection that is watched. For one thread, but for handle().
class Connection {
 public:
  struct Listed {
    std::string uuid;
    std::string name;
  };

  explicit Connection(ConnectionHandle handle) : handle_(std::move(handle)) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Asks for events, keepalive and the news of the connection's end. What the driver lacks is done without, but for
  // life-cycle events.
  absl::Status Watch(ConnectionCallbacks callbacks);

  // All domains, running or not. Needs no answer from any of them but a moment of its lock.
  absl::StatusOr<std::vector<Listed>> List();

  const ConnectionHandle& handle() const { return handle_; }

 private:
  ConnectionHandle handle_;
  std::shared_ptr<ConnectionCallbacks> callbacks_;
  std::vector<int> registered_;
  bool has_close_callback_ = false;
};

}  // namespace hypertier
