// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host-service/control/snapshot.h"

namespace hypertier::web {

// The status page over HTTP: one thread for all connections, and one that keeps the last hour. Nothing that a client
// does can change hypertierd's state, or keep control waiting.
class Server {
 public:
  struct Options {
    // "host:port"; port 0: any that is free (for tests).
    std::string listen;
    // Of hypertierd.
    std::string version;
    // Further clients wait until one of them goes.
    unsigned connections = 64;
    // A connection on which nothing moves for so long is closed. Whole seconds.
    absl::Duration idle = absl::Seconds(15);
  };

  // Serves until it is destroyed. AlreadyExists when it cannot listen. `source` must outlive it.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Options& options, const control::SnapshotSource* source);

  virtual ~Server() = default;
  // The port that it listens on.
  virtual unsigned port() const = 0;
  // Connections that are open.
  virtual unsigned connections() const = 0;
};

}  // namespace hypertier::web
