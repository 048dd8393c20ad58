// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <grpcpp/server.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "host-service/api/hub.h"
#include "host-service/api/qos_service.h"
#include "host-service/api/service.h"
#include "host-service/control/backend.h"
#include "host-service/metrics/rpc_stats.h"

namespace hypertier::api {

struct ServerOptions {
  // listen.grpc: "unix:/path" or "host:port".
  std::string listen;
  // listen.socket_mode, listen.socket_group; unix sockets only.
  unsigned socket_mode = 0660;
  std::string socket_group;
};

// The gRPC server: HyperTierService, QosService, grpc.health.v1 and reflection.
//
// Health, by service name: "" is SERVING while the process serves; "hypertier.v1.HyperTierService" from the first full
// list of libvirt's on, and it stays so while libvirt is away, because reads are still answered (clients that check
// health would otherwise be kept from them); "libvirt" is SERVING only while libvirt is connected, which is when
// ResizeVm works.
class Server : private Hub::Client {
 public:
  // `backend` and `stats` outlive the server. AlreadyExists: the address is in use.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options, control::Backend* backend,
                                                       metrics::RpcStats* stats);
  // Lets calls under way end for a second, then cuts them off.
  ~Server() override;

  // The port that was bound, for "host:0"; 0 on a unix socket.
  int port() const { return port_; }

 private:
  Server(control::Backend* backend, metrics::RpcStats* stats)
      : hub_(backend), service_(backend, &hub_, stats), qos_service_(backend, stats) {}

  // Keeps health up to date.
  absl::Duration Pump(const control::SnapshotPtr& snapshot, absl::Duration now) override;

  Hub hub_;
  Service service_;
  QosService qos_service_;
  std::unique_ptr<grpc::Server> server_;
  std::string socket_path_;
  int port_ = 0;
  bool ready_ = false;
  bool libvirt_ = false;
};

}  // namespace hypertier::api
