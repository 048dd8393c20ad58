// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "host-service/api/server_fixture.h"

namespace hypertier::api {
namespace {

using ::testing::HasSubstr;
using State = OperationRecord::State;

class ServiceTest : public ServerTest {
 protected:
  grpc::Status Get(const std::string& name, v1::Vm& vm, const std::vector<std::string>& mask = {}) {
    v1::GetVmRequest request;
    request.set_name(name);
    for (const std::string& path : mask) request.mutable_read_mask()->add_paths(path);
    v1::GetVmResponse response;
    const grpc::Status status = stub_->GetVm(Context().get(), request, &response);
    vm = response.vm();
    return status;
  }
  grpc::Status List(int page_size, const std::string& token, v1::ListVmsResponse& response) {
    v1::ListVmsRequest request;
    request.set_page_size(page_size);
    request.set_page_token(token);
    response.Clear();
    return stub_->ListVms(Context().get(), request, &response);
  }
};

TEST_F(ServiceTest, ReadsAreUnavailableUntilLibvirtHasDeliveredAFirstList) {
  v1::Vm vm;
  EXPECT_EQ(Get("vms/u1", vm).error_code(), grpc::StatusCode::UNAVAILABLE);
  v1::ListVmsResponse list;
  EXPECT_EQ(List(0, "", list).error_code(), grpc::StatusCode::UNAVAILABLE);
  Show({FakeBackend::Vm("u1", "web1")});
  EXPECT_TRUE(Get("vms/u1", vm).ok());
  backend_.Publish([](control::FleetSnapshot& fleet) { fleet.connected = false; });
  EXPECT_TRUE(Get("vms/u1", vm).ok()) << "the last known state";
}

TEST_F(ServiceTest, AVmIsFoundByUuidOrNameAndErrorsNameTheField) {
  Show({FakeBackend::Vm("u1", "web1")});
  v1::Vm vm;
  ASSERT_TRUE(Get("web1", vm).ok());
  EXPECT_EQ(vm.name(), "vms/u1");
  EXPECT_EQ(vm.display_name(), "web1");
  EXPECT_EQ(vm.management(), v1::MANAGEMENT_MANAGED);
  ASSERT_EQ(vm.tiers_size(), 2);
  EXPECT_EQ(vm.tiers(0).kind(), v1::TIER_KIND_FMEM);
  EXPECT_EQ(vm.tiers(0).target_bytes(), 1u << 30);
  EXPECT_FALSE(vm.tiers(1).has_target_bytes());
  EXPECT_EQ(vm.update_time().seconds(), 1'800'000'000);
  const grpc::Status missing = Get("vms/other", vm);
  EXPECT_EQ(missing.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_THAT(missing.error_message(), HasSubstr("name:"));
  EXPECT_EQ(Get("", vm).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServiceTest, AReadMaskChoosesFieldsAndABadOneIsRefused) {
  Show({FakeBackend::Vm("u1", "web1")});
  v1::Vm vm;
  ASSERT_TRUE(Get("web1", vm, {"display_name", "agent.link_state"}).ok());
  EXPECT_EQ(vm.display_name(), "web1");
  EXPECT_EQ(vm.agent().link_state(), v1::Agent::LINK_STATE_DOWN);
  EXPECT_EQ(vm.name(), "");
  EXPECT_EQ(vm.tiers_size(), 0);
  const grpc::Status bad = Get("web1", vm, {"display_name", "colour"});
  EXPECT_EQ(bad.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(bad.error_message(), HasSubstr("colour"));
}

TEST_F(ServiceTest, PagesCoverEveryVmOnceEvenWhenOthersComeAndGo) {
  std::vector<control::VmPtr> vms;
  for (int i = 0; i < 25; ++i) vms.push_back(FakeBackend::Vm(fmt::format("u{:02}", i), fmt::format("vm{:02}", i)));
  Show(vms);
  std::vector<std::string> seen;
  std::string token;
  do {
    v1::ListVmsResponse page;
    ASSERT_TRUE(List(10, token, page).ok());
    for (const v1::Vm& vm : page.vms()) seen.push_back(vm.display_name());
    token = page.next_page_token();
    // The last one seen goes away, and one comes that is before it.
    if (seen.size() == 10) {
      vms.erase(vms.begin() + 9);
      vms.insert(vms.begin(), FakeBackend::Vm("u99", "aaa"));
      Show(vms);
    }
  } while (!token.empty());
  EXPECT_EQ(seen.size(), 25u);
  EXPECT_EQ(std::set<std::string>(seen.begin(), seen.end()).size(), 25u);
  EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(ServiceTest, BadPagesAreRefused) {
  Show({FakeBackend::Vm("u1", "web1")});
  v1::ListVmsResponse page;
  EXPECT_EQ(List(-1, "", page).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(List(0, "!!", page).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(List(0, "b3BlcmF0aW9uczph", page).error_code(), grpc::StatusCode::INVALID_ARGUMENT) << "of another list";
  EXPECT_TRUE(List(1'000'000, "", page).ok());
}

TEST_F(ServiceTest, APageEndsBeforeItIsTooLargeForAClient) {
  std::vector<control::VmPtr> vms;
  for (int i = 0; i < 1000; ++i) {
    auto vm =
        std::make_shared<control::VmRecord>(*FakeBackend::Vm(fmt::format("u{:04}", i), fmt::format("vm{:04}", i)));
    vm->events = std::make_shared<const std::vector<control::VmEvent>>(
        16, control::VmEvent{.kind = {}, .time = {}, .message = std::string(300, 'x')});
    vms.push_back(vm);
  }
  Show(vms);
  int seen = 0;
  std::string token;
  do {
    v1::ListVmsResponse page;
    ASSERT_TRUE(List(1000, token, page).ok());
    seen += page.vms_size();
    token = page.next_page_token();
  } while (!token.empty());
  EXPECT_EQ(seen, 1000);
}

TEST_F(ServiceTest, AResizeIsPassedOnAndItsAnswerOrErrorComesBack) {
  control::ResizeRequest got;
  backend_.resize = [&](const control::ResizeRequest& request) -> absl::StatusOr<control::OperationPtr> {
    got = request;
    if (request.vm == "vms/full") return absl::OutOfRangeError("tiers[0].target_bytes: above the cell");
    return FakeBackend::Operation("0001", State::kPending);
  };
  v1::ResizeVmRequest request;
  request.set_name("vms/u1");
  request.add_tiers()->set_tier(v1::TIER_KIND_FMEM);
  request.mutable_tiers(0)->set_target_bytes(4096);
  request.add_tiers()->set_tier(v1::TIER_KIND_SMEM);
  request.mutable_tiers(1)->set_delta_bytes(-8192);
  request.add_tiers()->set_tier(static_cast<v1::TierKind>(77));
  request.mutable_timeout()->set_seconds(5);
  v1::ResizeVmResponse response;
  ASSERT_TRUE(stub_->ResizeVm(Context().get(), request, &response).ok());
  EXPECT_EQ(response.operation().name(), "operations/0001");
  EXPECT_EQ(response.operation().vm(), "vms/u1");
  EXPECT_EQ(response.operation().state(), v1::Operation::STATE_PENDING);
  ASSERT_EQ(got.tiers.size(), 3u);
  EXPECT_EQ(std::get<Bytes>(got.tiers[0].amount), Bytes(4096));
  EXPECT_EQ(std::get<std::int64_t>(got.tiers[1].amount), -8192);
  EXPECT_FALSE(got.tiers[2].tier.has_value());
  EXPECT_EQ(got.timeout, absl::Seconds(5));

  request.set_name("vms/full");
  const grpc::Status refused = stub_->ResizeVm(Context().get(), request, &response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::OUT_OF_RANGE);
  EXPECT_THAT(refused.error_message(), HasSubstr("above the cell"));
  request.mutable_timeout()->set_nanos(-1);
  EXPECT_EQ(stub_->ResizeVm(Context().get(), request, &response).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ServiceTest, GetOperationWaitsForTheEnd) {
  const auto publish = [this](State state) {
    backend_.Publish([&](control::FleetSnapshot& fleet) {
      fleet.operations =
          std::make_shared<const std::vector<control::OperationPtr>>(1, FakeBackend::Operation("0001", state));
    });
  };
  publish(State::kRunning);
  v1::GetOperationRequest request;
  request.set_name("operations/0001");
  v1::GetOperationResponse response;
  ASSERT_TRUE(stub_->GetOperation(Context().get(), request, &response).ok());
  EXPECT_EQ(response.operation().state(), v1::Operation::STATE_RUNNING) << "at once without wait";
  request.mutable_wait()->set_nanos(1'000'000);
  ASSERT_TRUE(stub_->GetOperation(Context().get(), request, &response).ok());
  EXPECT_EQ(response.operation().state(), v1::Operation::STATE_RUNNING) << "after the wait, as it is then";
  request.mutable_wait()->set_seconds(60);
  std::thread ender([&] { publish(State::kSucceeded); });
  ASSERT_TRUE(stub_->GetOperation(Context().get(), request, &response).ok());
  EXPECT_EQ(response.operation().state(), v1::Operation::STATE_SUCCEEDED);
  ender.join();
  request.set_name("operations/9999");
  EXPECT_EQ(stub_->GetOperation(Context().get(), request, &response).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServiceTest, AClientThatStopsWaitingFreesItsPlace) {
  backend_.Publish([&](control::FleetSnapshot& fleet) {
    fleet.operations =
        std::make_shared<const std::vector<control::OperationPtr>>(1, FakeBackend::Operation("0001", State::kRunning));
  });
  v1::GetOperationRequest request;
  request.set_name("operations/0001");
  request.mutable_wait()->set_seconds(60);
  for (int i = 0; i < 2 * Service::kMostWaiting; ++i) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(2));
    v1::GetOperationResponse response;
    const grpc::StatusCode code = stub_->GetOperation(&context, request, &response).error_code();
    ASSERT_TRUE(code == grpc::StatusCode::DEADLINE_EXCEEDED || code == grpc::StatusCode::RESOURCE_EXHAUSTED) << code;
  }
  request.mutable_wait()->set_seconds(0);
  request.mutable_wait()->set_nanos(1'000'000);
  v1::GetOperationResponse response;
  grpc::Status status;
  for (int i = 0; i < 1000 && !status.ok(); ++i) status = stub_->GetOperation(Context().get(), request, &response);
  EXPECT_TRUE(status.ok());
}

TEST_F(ServiceTest, OperationsAreListedNewestFirstByVmAndInPages) {
  std::vector<control::OperationPtr> operations;
  for (int i = 9; i >= 0; --i) {
    operations.push_back(
        FakeBackend::Operation(fmt::format("{:04}", i), State::kSucceeded, i % 2 == 0 ? "u1" : "gone"));
  }
  Show({FakeBackend::Vm("u1", "web1")});
  backend_.Publish([&](control::FleetSnapshot& fleet) {
    fleet.operations = std::make_shared<const std::vector<control::OperationPtr>>(operations);
  });
  std::vector<std::string> seen;
  v1::ListOperationsRequest request;
  request.set_page_size(4);
  do {
    v1::ListOperationsResponse page;
    ASSERT_TRUE(stub_->ListOperations(Context().get(), request, &page).ok());
    for (const v1::Operation& operation : page.operations()) seen.push_back(operation.name());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(seen.size(), 10u);
  EXPECT_EQ(seen.front(), "operations/0009");
  EXPECT_EQ(seen.back(), "operations/0000");

  v1::ListOperationsResponse page;
  request.set_page_size(0);
  request.set_vm("web1");
  ASSERT_TRUE(stub_->ListOperations(Context().get(), request, &page).ok());
  EXPECT_EQ(page.operations_size(), 5);
  request.set_vm("vms/gone");
  ASSERT_TRUE(stub_->ListOperations(Context().get(), request, &page).ok());
  EXPECT_EQ(page.operations_size(), 5) << "the domain is gone, what was done with it is not";
  request.set_vm("vms/none");
  EXPECT_EQ(stub_->ListOperations(Context().get(), request, &page).error_code(), grpc::StatusCode::NOT_FOUND);
}

TEST_F(ServiceTest, CancelIsPassedOn) {
  backend_.cancel = [](const std::string& name) -> absl::StatusOr<control::OperationPtr> {
    if (name != "operations/0001") return absl::FailedPreconditionError("has ended");
    return FakeBackend::Operation("0001", State::kCancelled);
  };
  v1::CancelOperationRequest request;
  request.set_name("operations/0001");
  v1::CancelOperationResponse response;
  ASSERT_TRUE(stub_->CancelOperation(Context().get(), request, &response).ok());
  EXPECT_EQ(response.operation().state(), v1::Operation::STATE_CANCELLED);
  request.set_name("operations/0002");
  EXPECT_EQ(stub_->CancelOperation(Context().get(), request, &response).error_code(),
            grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(ServiceTest, CallsAreCountedByMethodAndCode) {
  Show({FakeBackend::Vm("u1", "web1")});
  v1::Vm vm;
  (void)Get("web1", vm);
  (void)Get("web1", vm);
  (void)Get("none", vm);
  const auto method = static_cast<std::size_t>(metrics::RpcMethod::kGetVm);
  EXPECT_EQ(rpcs_.Get(method, grpc::StatusCode::OK), 2u);
  EXPECT_EQ(rpcs_.Get(method, grpc::StatusCode::NOT_FOUND), 1u);
}

}  // namespace
}  // namespace hypertier::api
