// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "host-service/api/server_fixture.h"
#include "host-service/api/watch_state.h"

namespace hypertier::api {
namespace {

using Kind = WatchState::Step::Kind;
using v1::WatchVmsResponse;

class WatchStateTest : public ::testing::Test {
 protected:
  void Show(std::vector<control::VmPtr> vms) {
    backend_.Publish([&](control::FleetSnapshot& fleet) { fleet.vms = std::move(vms); });
  }
  WatchState::Step Next(WatchState& state) { return state.Next(backend_.Snapshot(), now_); }

  FakeBackend backend_;
  absl::Duration now_ = absl::Seconds(100);
};

TEST_F(WatchStateTest, TheFirstPictureComesWholeThenSyncedThenOnlyChanges) {
  const control::VmPtr b = FakeBackend::Vm("u2", "b");
  Show({FakeBackend::Vm("u1", "a"), b});
  WatchState state(std::nullopt, absl::Milliseconds(200));
  EXPECT_EQ(Next(state).vm->uuid, "u1");
  EXPECT_EQ(Next(state).vm->uuid, "u2");
  EXPECT_EQ(Next(state).kind, Kind::kSynced);
  EXPECT_EQ(Next(state).kind, Kind::kNothing);
  now_ += absl::Seconds(1);
  Show({FakeBackend::Vm("u1", "a", Bytes::GiB(2)), b});
  const WatchState::Step step = Next(state);
  EXPECT_EQ(step.vm->uuid, "u1");
  EXPECT_EQ(step.vm->tiers->fmem().target, Bytes::GiB(2));
  EXPECT_EQ(Next(state).kind, Kind::kNothing);
}

TEST_F(WatchStateTest, AnEmptyFleetIsSyncedAtOnce) {
  Show({});
  WatchState state(std::nullopt, absl::Milliseconds(200));
  EXPECT_EQ(Next(state).kind, Kind::kSynced);
}

TEST_F(WatchStateTest, ChangesThatComeTooFastAreHeldBackAndOnlyTheNewestIsTold) {
  Show({FakeBackend::Vm("u1", "a")});
  WatchState state(std::nullopt, absl::Milliseconds(200));
  (void)Next(state);
  (void)Next(state);
  for (std::uint64_t i = 1; i <= 100; ++i) {
    Show({FakeBackend::Vm("u1", "a", Bytes::MiB(i))});
    now_ += absl::Milliseconds(1);
    const WatchState::Step step = Next(state);
    ASSERT_EQ(step.kind, Kind::kNothing);
    EXPECT_EQ(step.due, absl::Seconds(100) + absl::Milliseconds(200));
  }
  now_ += absl::Milliseconds(100);
  EXPECT_EQ(Next(state).vm->tiers->fmem().target, Bytes::MiB(100));
  EXPECT_EQ(Next(state).kind, Kind::kNothing);
}

TEST_F(WatchStateTest, AVmThatIsGoneIsToldAtOnceAndMayComeBack) {
  Show({FakeBackend::Vm("u1", "a")});
  WatchState state(std::nullopt, absl::Hours(1));
  (void)Next(state);
  (void)Next(state);
  Show({});
  const WatchState::Step step = Next(state);
  EXPECT_EQ(step.kind, Kind::kRemoved);
  EXPECT_EQ(step.uuid, "u1");
  EXPECT_EQ(Next(state).kind, Kind::kNothing);
  Show({FakeBackend::Vm("u1", "a")});
  EXPECT_EQ(Next(state).kind, Kind::kUpdated);
}

TEST_F(WatchStateTest, OnlyTheNamedVmsAreTold) {
  Show({FakeBackend::Vm("u1", "a"), FakeBackend::Vm("u2", "b")});
  WatchState state(absl::flat_hash_set<std::string>{"u2"}, absl::Milliseconds(200));
  EXPECT_EQ(Next(state).vm->uuid, "u2");
  EXPECT_EQ(Next(state).kind, Kind::kSynced);
  Show({});
  EXPECT_EQ(Next(state).uuid, "u2");
  EXPECT_EQ(Next(state).kind, Kind::kNothing);
}

class WatchTest : public ServerTest {};

TEST_F(WatchTest, AWatchShowsTheFleetThenChangesThenRemovals) {
  Show({FakeBackend::Vm("u1", "a"), FakeBackend::Vm("u2", "b")});
  const auto context = Context();
  v1::WatchVmsRequest request;
  request.mutable_read_mask()->add_paths("display_name");
  const auto stream = stub_->WatchVms(context.get(), request);
  WatchVmsResponse message;
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.type(), WatchVmsResponse::TYPE_UPDATED);
  EXPECT_EQ(message.vm().display_name(), "a");
  EXPECT_EQ(message.vm().tiers_size(), 0);
  EXPECT_TRUE(message.has_time());
  ASSERT_TRUE(stream->Read(&message));
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.type(), WatchVmsResponse::TYPE_SYNCED);
  Show({FakeBackend::Vm("u1", "renamed"), (*backend_.Snapshot()->FindVm("u2"))});
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.vm().display_name(), "renamed");
  Show({});
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.type(), WatchVmsResponse::TYPE_REMOVED);
  EXPECT_THAT(message.vm().name(), ::testing::StartsWith("vms/u"));
  context->TryCancel();
  while (stream->Read(&message)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(WatchTest, UnknownNamesBadMasksAndNegativeIntervalsAreRefused) {
  Show({FakeBackend::Vm("u1", "a")});
  const auto code = [this](const v1::WatchVmsRequest& request) {
    const auto context = Context();
    const auto stream = stub_->WatchVms(context.get(), request);
    WatchVmsResponse message;
    while (stream->Read(&message)) {
    }
    return stream->Finish().error_code();
  };
  v1::WatchVmsRequest request;
  request.add_names("vms/none");
  EXPECT_EQ(code(request), grpc::StatusCode::NOT_FOUND);
  request.Clear();
  request.mutable_read_mask()->add_paths("nothing");
  EXPECT_EQ(code(request), grpc::StatusCode::INVALID_ARGUMENT);
  request.Clear();
  request.mutable_min_interval()->set_seconds(-1);
  EXPECT_EQ(code(request), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(WatchTest, ASlowWatcherSeesTheNewestStateAndHoldsUpNobody) {
  Show({FakeBackend::Vm("u1", "a")});
  v1::WatchVmsRequest request;
  request.mutable_min_interval()->set_nanos(50'000'000);
  const auto slow_context = Context();
  const auto slow = stub_->WatchVms(slow_context.get(), request);
  const auto fast_context = Context();
  const auto fast = stub_->WatchVms(fast_context.get(), request);
  WatchVmsResponse message;
  ASSERT_TRUE(fast->Read(&message));
  ASSERT_TRUE(fast->Read(&message));

  // Each state is large, so that the slow one's flow-control window fills up.
  const auto state = [](std::uint64_t i) {
    auto vm = std::make_shared<control::VmRecord>(*FakeBackend::Vm("u1", "a", Bytes::MiB(i)));
    vm->reason = std::string(100'000, 'x');
    return vm;
  };
  std::uint64_t last = 0;
  for (std::uint64_t i = 1; i <= 20; ++i) {
    Show({state(i)});
    ASSERT_TRUE(fast->Read(&message));
    last = message.vm().tiers(0).target_bytes();
  }
  EXPECT_EQ(Bytes(last), Bytes::MiB(20));
  int read = 0;
  do {
    ASSERT_TRUE(slow->Read(&message));
    ++read;
  } while (message.vm().tiers_size() == 0 || Bytes(message.vm().tiers(0).target_bytes()) != Bytes::MiB(20));
  EXPECT_LE(read, 22);
  slow_context->TryCancel();
  fast_context->TryCancel();
}

TEST_F(WatchTest, ManyWatchersComeAndGoWhileTheFleetChanges) {
  Show({FakeBackend::Vm("u1", "a")});
  std::atomic<bool> stop = false;
  std::thread changer([&] {
    for (std::uint64_t i = 1; !stop; ++i) {
      Show({FakeBackend::Vm("u1", "a", Bytes::MiB(i % 100)), FakeBackend::Vm("u2", "b", Bytes::MiB(i % 7))});
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  std::vector<std::thread> watchers;
  for (int t = 0; t < 4; ++t) {
    watchers.emplace_back([this] {
      for (int i = 0; i < 10; ++i) {
        const auto context = Context();
        const auto stream = stub_->WatchVms(context.get(), {});
        WatchVmsResponse message;
        for (int reads = 0; reads < 3; ++reads) EXPECT_TRUE(stream->Read(&message));
        context->TryCancel();
        while (stream->Read(&message)) {
        }
        (void)stream->Finish();
      }
    });
  }
  for (std::thread& watcher : watchers) watcher.join();
  stop = true;
  changer.join();
}

TEST_F(WatchTest, StoppingTheServerEndsItsWatches) {
  Show({FakeBackend::Vm("u1", "a")});
  const auto context = Context();
  const auto stream = stub_->WatchVms(context.get(), {});
  WatchVmsResponse message;
  ASSERT_TRUE(stream->Read(&message));
  server_.reset();
  while (stream->Read(&message)) {
  }
  EXPECT_FALSE(stream->Finish().ok());
}

}  // namespace
}  // namespace hypertier::api
