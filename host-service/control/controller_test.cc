// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "host-service/control/engine_harness.h"
#include "host-service/control/quiet_world.h"

namespace hypertier::control {
namespace {

class ControllerTest : public ::testing::Test {
 protected:
  ControllerTest()
      : controller_(EngineOptions(), EngineWorld{.agents = &world_,
                                                 .domains = &world_,
                                                 .residency = &world_,
                                                 .ledger = &ledger_,
                                                 .describe = Describe,
                                                 .on_event = {},
                                                 .on_connection = {},
                                                 .on_trouble = {}}) {}

  static absl::StatusOr<domain::Description> Describe(std::string_view xml) {
    domain::Description description;
    description.uuid = xml;
    description.name = "vm-" + description.uuid;
    description.cells = PerTier<Bytes>{Bytes::GiB(1), Bytes::GiB(2)};
    description.has_agent_channel = true;
    description.agent_socket = "/run/" + description.uuid;
    return description;
  }
  static DomainInfo Info(const std::string& uuid) {
    return {.uuid = uuid, .name = "vm-" + uuid, .state = DomainState::kRunning, .xml = uuid};
  }

  void MakeManaged(const std::string& uuid) {
    controller_.OnDomain(Info(uuid));
    agent::v1::GuestHello hello;
    hello.set_version(1);
    hello.add_features(agent::v1::FEATURE_BALLOONS);
    hello.set_boot_id("boot");
    controller_.OnLinkUp(uuid, hello);
    controller_.OnReport(uuid, Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  }

  absl::StatusOr<OperationPtr> Resize(const std::string& uuid, Bytes fmem) {
    std::promise<absl::StatusOr<OperationPtr>> promise;
    auto future = promise.get_future();
    controller_.Resize({.vm = uuid,
                        .tiers = {{.tier = TierId::kFmem, .amount = fmem}},
                        .timeout = {},
                        .validate_only = false,
                        .caller = {}},
                       [&promise](absl::StatusOr<OperationPtr> result) { promise.set_value(std::move(result)); });
    return future.get();
  }

  QuietWorld world_;
  FakeLedger ledger_;
  Controller controller_;
};

TEST_F(ControllerTest, ASnapshotTakenAfterAnAnswerContainsTheOperation) {
  ASSERT_TRUE(controller_.Start().ok());
  controller_.OnResync({});
  MakeManaged("a");
  for (std::uint64_t i = 0; i < 50; ++i) {
    const auto operation = Resize("a", Bytes::MiB(512 + i));
    ASSERT_TRUE(operation.ok()) << operation.status();
    EXPECT_TRUE(controller_.Snapshot()->FindOperation((*operation)->record.id).ok());
    EXPECT_EQ((*controller_.Snapshot()->FindVm("a"))->operation, (*operation)->record.id);
  }
  EXPECT_GT(world_.generation, 0u);
}

TEST_F(ControllerTest, ALedgerThatCannotBeReadKeepsItFromStarting) {
  ledger_.broken = absl::DataLossError("damaged");
  EXPECT_EQ(controller_.Start().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ControllerTest, CommandsAfterStopAreAnsweredUnavailable) {
  ASSERT_TRUE(controller_.Start().ok());
  controller_.Stop();
  EXPECT_EQ(Resize("a", Bytes::MiB(512)).status().code(), absl::StatusCode::kUnavailable);
  controller_.OnResync({});
  controller_.OnReport("a", {});
}

TEST_F(ControllerTest, EveryCommandIsAnsweredEvenWhenStoppedMeanwhile) {
  ASSERT_TRUE(controller_.Start().ok());
  controller_.OnResync({});
  MakeManaged("a");
  std::atomic<int> answers = 0;
  std::thread client([&] {
    for (std::uint64_t i = 0; i < 500; ++i) {
      controller_.Resize({.vm = "a", .tiers = {}, .timeout = {}, .validate_only = false, .caller = {}},
                         [&answers](const absl::StatusOr<OperationPtr>&) { ++answers; });
    }
  });
  controller_.Stop();
  client.join();
  EXPECT_EQ(answers, 500);
}

TEST_F(ControllerTest, SubscribersHearOfEveryNewSnapshotUntilTheyUnsubscribe) {
  ASSERT_TRUE(controller_.Start().ok());
  std::mutex mutex;
  std::condition_variable changed;
  int calls = 0;
  controller_.Subscribe([&] {
    const std::lock_guard lock(mutex);
    ++calls;
    changed.notify_all();
  });
  controller_.OnResync({Info("a")});
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return calls > 0; }));
  }
  controller_.Subscribe({});
  const int before = calls;
  MakeManaged("a");
  (void)Resize("a", Bytes::MiB(512));
  EXPECT_EQ(calls, before);
}

TEST_F(ControllerTest, ManyThreadsMayTalkToItAtOnce) {
  ASSERT_TRUE(controller_.Start().ok());
  controller_.OnResync({});
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this, t] {
      const std::string uuid = std::to_string(t);
      MakeManaged(uuid);
      for (std::uint64_t i = 0; i < 100; ++i) {
        controller_.OnReport(uuid, Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
        controller_.OnResidency(uuid, PerTier<Bytes>{Bytes::MiB(i), Bytes()}, MonoNow());
        if (i % 10 == 0) controller_.OnLinkReset(uuid, "garbage");
        if (i % 10 == 1) MakeManaged(uuid);
        (void)controller_.Snapshot()->FindVm(uuid);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (int t = 0; t < 4; ++t) EXPECT_TRUE(Resize(std::to_string(t), Bytes::MiB(512)).ok());
  EXPECT_LT(controller_.SinceLastRound(), absl::Minutes(1));
}

}  // namespace
}  // namespace hypertier::control
