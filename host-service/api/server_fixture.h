// SPDX-License-Identifier: Apache-2.0
//
// For tests: a server on a unix socket of its own, over a FakeBackend.
#pragma once

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <string>

#include "host-service/api/fake_backend.h"
#include "host-service/api/server.h"
#include "hypertier/v1/hypertier.grpc.pb.h"

namespace hypertier::api {

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    char pattern[] = "/tmp/hypertier-api-XXXXXX";
    directory_ = mkdtemp(pattern);
    socket_ = directory_ + "/run/api.sock";
    StartServer();
  }
  ~ServerTest() override {
    server_.reset();
    std::filesystem::remove_all(directory_);
  }

  void StartServer() {
    auto server =
        Server::Start({.listen = "unix:" + socket_, .socket_mode = 0600, .socket_group = ""}, &backend_, &rpcs_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    channel_ = grpc::CreateChannel("unix:" + socket_, grpc::InsecureChannelCredentials());
    stub_ = v1::HyperTierService::NewStub(channel_);
  }

  // A first picture with these VMs.
  void Show(std::vector<control::VmPtr> vms) {
    backend_.Publish([&](control::FleetSnapshot& fleet) {
      fleet.synced = fleet.connected = true;
      fleet.vms = std::move(vms);
    });
  }

  // A context whose calls do not hang a test for ever.
  static std::unique_ptr<grpc::ClientContext> Context() {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(std::chrono::system_clock::now() + std::chrono::minutes(2));
    return context;
  }

  std::string directory_;
  std::string socket_;
  FakeBackend backend_;
  metrics::RpcStats rpcs_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::HyperTierService::Stub> stub_;
};

}  // namespace hypertier::api
