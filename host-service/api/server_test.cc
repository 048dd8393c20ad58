// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "host-service/api/server_fixture.h"
#include "host-service/api/unix_socket.h"

namespace hypertier::api {
namespace {

using ::testing::HasSubstr;

// grpc.health.v1 without its generated code: HealthCheckRequest{service = 1}, HealthCheckResponse{status = 1}. 1 is
// SERVING, 2 NOT_SERVING; 0 stands for a failed call.
int Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  std::string request;
  if (!service.empty()) request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  grpc::Slice slice(request);
  const grpc::ByteBuffer buffer(&slice, 1);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  auto call = stub.PrepareUnaryCall(&context, "/grpc.health.v1.Health/Check", buffer, &queue);
  call->StartCall();
  grpc::ByteBuffer answer;
  grpc::Status status;
  call->Finish(&answer, &status, &queue);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  grpc::Slice bytes;
  if (!status.ok() || !answer.DumpToSingleSlice(&bytes).ok()) return 0;
  return bytes.size() == 2 ? bytes.begin()[1] : 0;
}

class ApiServerTest : public ServerTest {
 protected:
  // Health is updated by the hub's thread.
  bool HealthBecomes(const std::string& service, int wanted) {
    for (int i = 0; i < 6000; ++i) {
      if (Health(channel_, service) == wanted) return true;
      usleep(10'000);
    }
    return false;
  }
};

TEST_F(ApiServerTest, HealthTellsServingFromHavingAPictureFromBeingConnected) {
  EXPECT_TRUE(HealthBecomes("", 1));
  EXPECT_TRUE(HealthBecomes("hypertier.v1.HyperTierService", 2));
  EXPECT_TRUE(HealthBecomes("libvirt", 2));
  Show({});
  EXPECT_TRUE(HealthBecomes("hypertier.v1.HyperTierService", 1));
  EXPECT_TRUE(HealthBecomes("libvirt", 1));
  backend_.Publish([](control::FleetSnapshot& fleet) { fleet.connected = false; });
  EXPECT_TRUE(HealthBecomes("libvirt", 2));
  EXPECT_TRUE(HealthBecomes("hypertier.v1.HyperTierService", 1)) << "reads still work";
}

TEST_F(ApiServerTest, TheSocketHasTheConfiguredModeAndOthersReachItsDirectory) {
  struct stat status {};
  ASSERT_EQ(stat(socket_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((directory_ + "/run").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0755u);
}

TEST_F(ApiServerTest, ASecondServerOnTheSameSocketIsRefusedAndTheFirstGoesOn) {
  Show({FakeBackend::Vm("u1", "a")});
  FakeBackend other_backend;
  const auto other =
      Server::Start({.listen = "unix:" + socket_, .socket_mode = 0600, .socket_group = ""}, &other_backend, &rpcs_);
  EXPECT_EQ(other.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(other.status().message()), HasSubstr("already running"));
  v1::ListVmsResponse list;
  EXPECT_TRUE(stub_->ListVms(Context().get(), {}, &list).ok());
}

TEST_F(ApiServerTest, AStaleSocketIsReplaced) {
  server_.reset();
  const int stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, socket_.c_str());
  ASSERT_EQ(bind(stale, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  close(stale);
  StartServer();
  Show({});
  v1::ListVmsResponse list;
  EXPECT_TRUE(stub_->ListVms(Context().get(), {}, &list).ok());
}

TEST_F(ApiServerTest, SomethingThatIsNotASocketIsLeftAlone) {
  server_.reset();
  std::ofstream(socket_) << "precious";
  const auto refused =
      Server::Start({.listen = "unix:" + socket_, .socket_mode = 0600, .socket_group = ""}, &backend_, &rpcs_);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(std::filesystem::file_size(socket_), 8u);
}

TEST_F(ApiServerTest, AnUnknownGroupIsAnError) {
  const absl::Status status = SetUnixSocketAccess(socket_, 0660, "no-such-group-here");
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()), HasSubstr("no-such-group-here"));
}

TEST_F(ApiServerTest, ALoopbackPortServesTooAndIsTakenOnce) {
  FakeBackend backend;
  metrics::RpcStats rpcs;
  const auto server = Server::Start({.listen = "127.0.0.1:0", .socket_mode = 0, .socket_group = ""}, &backend, &rpcs);
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string address = "127.0.0.1:" + std::to_string((*server)->port());
  backend.Publish([](control::FleetSnapshot& fleet) { fleet.synced = true; });
  const auto stub = v1::HyperTierService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  v1::ListVmsResponse list;
  EXPECT_TRUE(stub->ListVms(Context().get(), {}, &list).ok());
  FakeBackend other;
  EXPECT_EQ(Server::Start({.listen = address, .socket_mode = 0, .socket_group = ""}, &other, &rpcs).status().code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_F(ApiServerTest, AClientSurvivesARestartOfTheServer) {
  Show({FakeBackend::Vm("u1", "a")});
  v1::ListVmsResponse list;
  ASSERT_TRUE(stub_->ListVms(Context().get(), {}, &list).ok());
  const auto old = std::move(stub_);
  server_.reset();
  EXPECT_FALSE(old->ListVms(Context().get(), {}, &list).ok());
  StartServer();
  const auto context = Context();
  context->set_wait_for_ready(true);
  EXPECT_TRUE(old->ListVms(context.get(), {}, &list).ok());
}

TEST_F(ApiServerTest, AnOversizedRequestIsRefused) {
  Show({});
  v1::GetVmRequest request;
  request.set_name(std::string(1 << 20, 'x'));
  v1::GetVmResponse response;
  EXPECT_EQ(stub_->GetVm(Context().get(), request, &response).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace hypertier::api
