// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/residency_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace hypertier::control {
namespace {

// Answers at once, except for VMs that hang until released.
class FakeProbe : public ResidencyProbe {
 public:
  absl::StatusOr<PerTier<Bytes>> Measure(const ResidencyTarget& target) override {
    std::unique_lock lock(mutex_);
    ++measured_[target.domain.uuid];
    changed_.notify_all();
    changed_.wait(lock, [&] { return !hanging_.contains(target.domain.uuid); });
    if (target.domain.name == "broken") return absl::NotFoundError("no such process");
    return PerTier<Bytes>{Bytes::MiB(1), Bytes::MiB(2)};
  }
  void Hang(const std::string& uuid) {
    const std::lock_guard lock(mutex_);
    hanging_.insert(uuid);
  }
  void Release() {
    const std::lock_guard lock(mutex_);
    hanging_.clear();
    changed_.notify_all();
  }
  int Count(const std::string& uuid) {
    const std::lock_guard lock(mutex_);
    return measured_[uuid];
  }
  bool WaitFor(const std::string& uuid, int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return measured_[uuid] >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> measured_;
  std::set<std::string> hanging_;
};

class ResidencyLoopTest : public ::testing::Test {
 protected:
  static domain::Description Vm(const std::string& uuid, const std::string& name = "vm") {
    domain::Description description;
    description.uuid = uuid;
    description.name = name;
    return description;
  }
  ResidencyLoop::Done Collect() {
    return [this](const std::string& uuid, absl::StatusOr<PerTier<Bytes>> resident, absl::Duration) {
      const std::lock_guard lock(mutex_);
      ++results_[uuid];
      if (!resident.ok()) ++failures_[uuid];
      changed_.notify_all();
    };
  }
  bool WaitForResults(const std::string& uuid, int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return results_[uuid] >= count; });
  }

  int Results(const std::string& uuid) {
    const std::lock_guard lock(mutex_);
    return results_[uuid];
  }

  FakeProbe probe_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, int> results_;
  std::map<std::string, int> failures_;
};

TEST_F(ResidencyLoopTest, MeasuresEveryWatchedVmAgainAndAgain) {
  ResidencyLoop loop({.period = absl::Milliseconds(5)}, &probe_, Collect());
  loop.Watch(Vm("a"));
  loop.Watch(Vm("b", "broken"));
  EXPECT_TRUE(WaitForResults("a", 3));
  EXPECT_TRUE(WaitForResults("b", 3));
  loop.Stop();
  EXPECT_EQ(failures_["a"], 0);
  EXPECT_EQ(failures_["b"], results_["b"]) << "a failure is a result too";
}

TEST_F(ResidencyLoopTest, MeasurementsThatHangDoNotHoldUpTheOthers) {
  for (const char* uuid : {"h1", "h2", "h3"}) probe_.Hang(uuid);
  ResidencyLoop loop({.period = absl::Milliseconds(5)}, &probe_, Collect());
  for (const char* uuid : {"h1", "h2", "h3"}) loop.Watch(Vm(uuid));
  for (const char* uuid : {"h1", "h2", "h3"}) EXPECT_TRUE(probe_.WaitFor(uuid, 1));
  loop.Watch(Vm("a"));
  EXPECT_TRUE(WaitForResults("a", 5));
  EXPECT_EQ(probe_.Count("h1"), 1) << "one at a time for each VM";
  probe_.Release();
  EXPECT_TRUE(WaitForResults("h1", 1));
}

TEST_F(ResidencyLoopTest, HurryMeasuresBeforeThePeriodIsOver) {
  ResidencyLoop loop({.period = absl::Hours(1)}, &probe_, Collect());
  loop.Watch(Vm("a"));
  EXPECT_TRUE(WaitForResults("a", 1));
  loop.Hurry("a");
  EXPECT_TRUE(WaitForResults("a", 2));
  loop.Hurry("unknown");
}

TEST_F(ResidencyLoopTest, NothingIsToldOfAVmThatIsNoLongerWatchedNorAfterStop) {
  probe_.Hang("a");
  probe_.Hang("b");
  ResidencyLoop loop({.period = absl::Milliseconds(5)}, &probe_, Collect());
  loop.Watch(Vm("a"));
  loop.Watch(Vm("b"));
  EXPECT_TRUE(probe_.WaitFor("a", 1));
  EXPECT_TRUE(probe_.WaitFor("b", 1));
  loop.Unwatch("a");
  probe_.Release();
  EXPECT_TRUE(WaitForResults("b", 2));
  EXPECT_EQ(Results("a"), 0);
  loop.Stop();
  const int told = Results("b");
  loop.Hurry("b");
  EXPECT_EQ(Results("b"), told);
}

}  // namespace
}  // namespace hypertier::control
