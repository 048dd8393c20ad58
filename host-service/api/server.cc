// SPDX-License-Identifier: Apache-2.0
#include "host-service/api/server.h"

#include <fmt/format.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_builder.h>
#include <unistd.h>

#include <chrono>

#include "host-service/api/unix_socket.h"

namespace hypertier::api {
namespace {

constexpr char kServiceName[] = "hypertier.v1.HyperTierService";
constexpr char kLibvirtName[] = "libvirt";

// A request is a few names; answers are bounded by kMaxPageBytes and one VM more.
constexpr int kMaxRequestBytes = 256 << 10;
constexpr int kMaxAnswerBytes = 4 << 20;
constexpr int kMaxStreamsPerConnection = 128;

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, control::Backend* backend,
                                                      metrics::RpcStats* stats) {
  const std::string socket_path = control::WithoutPrefix(options.listen, "unix:");
  const bool is_unix = socket_path != options.listen;
  if (is_unix) {
    if (absl::Status free = PrepareUnixSocket(socket_path); !free.ok()) return free;
  }
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();

  std::unique_ptr<Server> server(new Server(backend, stats));
  grpc::ServerBuilder builder;
  // Without SO_REUSEPORT a second server on the port is an error rather than a silent partner.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsPerConnection);
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(kMaxAnswerBytes);
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &server->port_);
  builder.RegisterService(&server->service_);
  builder.RegisterService(&server->qos_service_);
  server->server_ = builder.BuildAndStart();
  const bool bound = server->server_ != nullptr && (is_unix || server->port_ != 0);
  if (!bound) {
    return absl::AlreadyExistsError(fmt::format(
        "listen.grpc: cannot listen on {}: the address is in use, or it is not one of this machine's", options.listen));
  }
  if (is_unix) {
    server->socket_path_ = socket_path;
    server->port_ = 0;
    const absl::Status access = SetUnixSocketAccess(socket_path, options.socket_mode, options.socket_group);
    if (!access.ok()) return access;
  }
  grpc::HealthCheckServiceInterface* health = server->server_->GetHealthCheckService();
  health->SetServingStatus("", true);
  health->SetServingStatus(kServiceName, false);
  health->SetServingStatus(kLibvirtName, false);
  server->hub_.Add(server.get());
  return server;
}

Server::~Server() {
  hub_.Remove(this);
  if (server_ == nullptr) return;
  if (auto* health = server_->GetHealthCheckService()) health->Shutdown();
  server_->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(1));
  server_->Wait();
  if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

absl::Duration Server::Pump(const control::SnapshotPtr& snapshot, absl::Duration) {
  grpc::HealthCheckServiceInterface* health = server_->GetHealthCheckService();
  if (snapshot->synced != ready_) health->SetServingStatus(kServiceName, ready_ = snapshot->synced);
  if (snapshot->connected != libvirt_) health->SetServingStatus(kLibvirtName, libvirt_ = snapshot->connected);
  return absl::InfiniteDuration();
}

}  // namespace hypertier::api
