// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/event_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace hypertier::control {
namespace {

using ::testing::ElementsAre;

class EventQueueTest : public ::testing::Test {
 protected:
  static agent::v1::Report Report(std::uint64_t generation) {
    agent::v1::Report report;
    report.set_generation(generation);
    return report;
  }
  void Note(const std::string& what) {
    queue_.Push([this, what] { log_.push_back(what); });
  }
  void RunAll() {
    for (EventQueue::Task& task : queue_.Take(absl::ZeroDuration())) std::move(task)();
  }

  std::vector<std::string> log_;
  EventQueue queue_{[this](const std::string& uuid, const agent::v1::Report& report) {
    log_.push_back(uuid + ":" + std::to_string(report.generation()));
  }};
};

TEST_F(EventQueueTest, OnlyTheNewestReportOfAVmWaits) {
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    queue_.PushReport("a", Report(i));
    queue_.PushReport("b", Report(i));
  }
  RunAll();
  EXPECT_THAT(log_, ElementsAre("a:1000", "b:1000"));
}

TEST_F(EventQueueTest, AReportOfANewSessionStaysBehindTheNewsOfTheOldOnesEnd) {
  queue_.PushReport("a", Report(1));
  queue_.SealReports("a");
  Note("link down");
  queue_.PushReport("a", Report(2));
  queue_.PushReport("a", Report(3));
  RunAll();
  EXPECT_THAT(log_, ElementsAre("a:1", "link down", "a:3"));
}

TEST_F(EventQueueTest, AReportThatWasTakenIsNotReplaced) {
  queue_.PushReport("a", Report(1));
  auto tasks = queue_.Take(absl::ZeroDuration());
  queue_.PushReport("a", Report(2));
  for (EventQueue::Task& task : tasks) std::move(task)();
  RunAll();
  EXPECT_THAT(log_, ElementsAre("a:1", "a:2"));
}

TEST_F(EventQueueTest, AClosedQueueTakesNothingMoreAndWakesItsReader) {
  Note("before");
  std::thread closer([this] { queue_.Close(); });
  closer.join();
  EXPECT_FALSE(queue_.Push([] {}));
  queue_.PushReport("a", Report(1));
  RunAll();
  EXPECT_THAT(log_, ElementsAre("before"));
  EXPECT_TRUE(queue_.Take(absl::Hours(1)).empty()) << "and it does not wait";
}

}  // namespace
}  // namespace hypertier::control
