// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/confinement_thread.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>

namespace hypertier::control {
namespace {

using namespace std::chrono_literals;

domain::Description Domain(const std::string& uuid) {
  domain::Description domain;
  domain.uuid = uuid;
  return domain;
}

// Holds each step until it is let go on.
class SlowConfiner : public Confiner {
 public:
  absl::StatusOr<Confinement> Confine(const domain::Description& vm, Bytes most, Bytes) override {
    std::unique_lock lock(mutex_);
    steps.push_back(vm.uuid);
    changed_.notify_all();
    changed_.wait(lock, [this] { return allowed_ > 0; });
    --allowed_;
    return Confinement{.fast = most, .slow = {}, .moved = {}, .trouble = {}};
  }
  void Allow(int count) {
    const std::lock_guard lock(mutex_);
    allowed_ += count;
    changed_.notify_all();
  }
  bool WaitForSteps(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return steps.size() >= count; });
  }

  std::vector<std::string> steps;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int allowed_ = 0;
};

struct Results {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::pair<std::string, Bytes>> all;

  ConfinementThread::Done Take() {
    return [this](const std::string& uuid, const absl::StatusOr<Confinement>& confined) {
      const std::lock_guard lock(mutex);
      all.emplace_back(uuid, confined->fast);
      changed.notify_all();
    };
  }
  bool Wait(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 10s, [&] { return all.size() >= count; });
  }
};

TEST(ConfinementThread, ServesVmsInTurnAndOfOneWhatWasWantedLast) {
  SlowConfiner confiner;
  Results results;
  ConfinementThread thread(&confiner, results.Take());
  thread.Confine(Domain("b"), Bytes(1), Bytes::Max());
  ASSERT_TRUE(confiner.WaitForSteps(1));
  // While b is served, b and a come again: c and the newest word of each are next.
  thread.Confine(Domain("b"), Bytes(2), Bytes::Max());
  thread.Confine(Domain("c"), Bytes(3), Bytes::Max());
  thread.Confine(Domain("a"), Bytes(4), Bytes::Max());
  thread.Confine(Domain("b"), Bytes(5), Bytes::Max());
  confiner.Allow(4);
  ASSERT_TRUE(results.Wait(4));
  EXPECT_THAT(results.all, testing::ElementsAre(testing::Pair("b", Bytes(1)), testing::Pair("c", Bytes(3)),
                                                testing::Pair("a", Bytes(4)), testing::Pair("b", Bytes(5))));
}

TEST(ConfinementThread, AfterStopNothingIsTold) {
  SlowConfiner confiner;
  Results results;
  ConfinementThread thread(&confiner, results.Take());
  thread.Confine(Domain("a"), Bytes(1), Bytes::Max());
  ASSERT_TRUE(confiner.WaitForSteps(1));
  std::thread stopper([&] { thread.Stop(); });
  // Whether Stop came before the step's end or after it, what comes then must not be told.
  std::this_thread::sleep_for(20ms);
  confiner.Allow(1);
  stopper.join();
  const std::size_t told = results.all.size();
  thread.Confine(Domain("b"), Bytes(1), Bytes::Max());
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(results.all.size(), told);
  EXPECT_EQ(confiner.steps.size(), 1U);
}

}  // namespace
}  // namespace hypertier::control
