// SPDX-License-Identifier: Apache-2.0
#include "host-service/libvirt/call_pool.h"

#include <gmock/gmock.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "common/text.h"
#include "host-service/libvirt/test_wait.h"

namespace hypertier {
namespace {

using test::Eventually;
using test::Gate;
using WhenStuck = CallPool::WhenStuck;

CallPool::Options Quick() {
  return {
      .threads = 2, .spare_threads = 2, .deadline = absl::Milliseconds(50), .stop_patience = absl::Milliseconds(50)};
}

// Patient enough for a busy machine: nothing is meant to be overdue.
CallPool::Options Patient() {
  return {.threads = 3, .spare_threads = 2, .deadline = absl::Seconds(60), .stop_patience = absl::Seconds(60)};
}

// The answer to a call, once it comes.
class Reply {
 public:
  CallPool::Done Done() {
    return [state = state_](absl::Status status) {
      const std::lock_guard lock(state->mutex);
      state->statuses.push_back(std::move(status));
    };
  }
  int count() const {
    const std::lock_guard lock(state_->mutex);
    return static_cast<int>(state_->statuses.size());
  }
  // Waits for it.
  absl::Status status() const {
    EXPECT_TRUE(Eventually([&] { return count() > 0; }));
    const std::lock_guard lock(state_->mutex);
    return state_->statuses.empty() ? absl::InternalError("no answer") : state_->statuses.front();
  }

 private:
  struct State {
    std::mutex mutex;
    std::vector<absl::Status> statuses;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// Whether a call has run, and where. (Its status would be DeadlineExceeded on a machine that is busy enough.)
class Ran {
 public:
  CallPool::Call Call() {
    return [lane = lane_](int on) {
      *lane = on;
      return absl::OkStatus();
    };
  }
  int lane() const { return *lane_; }

 private:
  std::shared_ptr<std::atomic<int>> lane_ = std::make_shared<std::atomic<int>>(-1);
};

TEST(CallPool, RunsTheCallsOfAKeyOneAfterAnotherInOrder) {
  CallPool pool(Patient());
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<int> order;  // written by one call at a time, which is what is tested
  Reply last;
  for (int i = 0; i < 200; ++i) {
    pool.Submit(
        "a", WhenStuck::kWait,
        [&, i](int) {
          most = std::max<int>(most, ++inside);
          order.push_back(i);
          --inside;
          return absl::OkStatus();
        },
        i == 199 ? last.Done() : nullptr);
  }
  EXPECT_TRUE(last.status().ok());
  EXPECT_EQ(most, 1);
  ASSERT_EQ(order.size(), 200U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(CallPool, RunsDifferentKeysAtOnce) {
  CallPool pool(Patient());
  std::atomic<int> inside = 0;
  Reply replies[3];
  for (int i = 0; i < 3; ++i) {
    pool.Submit(
        std::to_string(i), WhenStuck::kRefuse,
        [&](int) {
          ++inside;
          return Eventually([&] { return inside == 3; }) ? absl::OkStatus() : absl::InternalError("alone");
        },
        replies[i].Done());
  }
  for (const Reply& reply : replies) EXPECT_TRUE(reply.status().ok()) << reply.status();
}

TEST(CallPool, AnswersForACallThatHangsAndRefusesTheNextUntilItIsBack) {
  CallPool pool(Quick());
  Gate gate;
  Reply first, queued, refused;
  Ran later;
  pool.Submit("a", WhenStuck::kWait, gate.Call(), first.Done());
  pool.Submit(
      "a", WhenStuck::kRefuse, [](int) { return absl::OkStatus(); }, queued.Done());
  EXPECT_EQ(first.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(queued.status().code(), absl::StatusCode::kUnavailable) << "it was waiting behind the one that hangs";
  pool.Submit(
      "a", WhenStuck::kRefuse, [](int) { return absl::OkStatus(); }, refused.Done());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(ToString(refused.status().message()), ::testing::HasSubstr("domain a"));
  pool.Submit("a", WhenStuck::kWait, later.Call(), nullptr);
  EXPECT_EQ(later.lane(), -1);
  gate.Open();
  EXPECT_TRUE(Eventually([&] { return later.lane() >= 0; })) << "what waits runs once the key is free";
  EXPECT_EQ(first.count(), 1) << "a late result is not told a second time";
}

TEST(CallPool, AcceptsOneRefusableCallAKeyAtATime) {
  CallPool pool(Patient());
  Gate gate;
  Reply first, second;
  pool.Submit("a", WhenStuck::kRefuse, gate.Call(), first.Done());
  pool.Submit(
      "a", WhenStuck::kRefuse, [](int) { return absl::OkStatus(); }, second.Done());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  gate.Open();
  EXPECT_TRUE(first.status().ok());
}

TEST(CallPool, ReplacesThreadsThatHangAndLetsTheSparesGoAfterwards) {
  CallPool pool(Quick());
  Gate gate;
  Reply hung[3];
  for (int i = 0; i < 3; ++i) pool.Submit(std::to_string(i), WhenStuck::kWait, gate.Call(), hung[i].Done());
  for (const Reply& reply : hung) EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(pool.overdue(), 3);
  Ran other;
  pool.Submit("other", WhenStuck::kWait, other.Call(), nullptr);
  EXPECT_TRUE(Eventually([&] { return other.lane() >= 2; })) << "only a spare thread was left";
  gate.Open();
  EXPECT_TRUE(Eventually([&] { return pool.threads() == 2 && pool.overdue() == 0; }));
}

TEST(CallPool, RefusesWhenEveryThreadHangsAndRecovers) {
  CallPool pool(Quick());
  Gate gate;
  Reply hung[4];
  for (int i = 0; i < 4; ++i) pool.Submit(std::to_string(i), WhenStuck::kWait, gate.Call(), hung[i].Done());
  for (const Reply& reply : hung) EXPECT_EQ(reply.status().code(), absl::StatusCode::kDeadlineExceeded);
  Reply refused;
  Ran waits;
  pool.Submit(
      "other", WhenStuck::kRefuse, [](int) { return absl::OkStatus(); }, refused.Done());
  pool.Submit("other", WhenStuck::kWait, waits.Call(), nullptr);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kUnavailable);
  gate.Open();
  EXPECT_TRUE(Eventually([&] { return waits.lane() >= 0; }));
}

TEST(CallPool, StopLeavesCallsThatHangBehindAndAnswersNothingMore) {
  Gate gate;
  Reply hung, queued;
  {
    CallPool pool(Quick());
    pool.Submit("a", WhenStuck::kWait, gate.Call(), hung.Done());
    ASSERT_TRUE(Eventually([&] { return gate.waiting() == 1; }));
    pool.Submit(
        "a", WhenStuck::kWait, [](int) { return absl::OkStatus(); }, queued.Done());
    pool.Stop();
    const int answered = hung.count();
    gate.Open();
    pool.Submit(
        "b", WhenStuck::kRefuse, [](int) { return absl::OkStatus(); }, queued.Done());
    EXPECT_TRUE(Eventually([&] { return gate.waiting() == 0; }));
    EXPECT_EQ(hung.count(), answered);
  }
  EXPECT_EQ(queued.count(), 0);
}

}  // namespace
}  // namespace hypertier
