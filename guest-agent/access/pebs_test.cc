// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/pebs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "guest-agent/access/fake_perf_kernel.h"

namespace hypertier::agent {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;
constexpr std::uint64_t kLoads = 0x01cd;
constexpr std::uint64_t kStores = 0x82d0;
constexpr double kShare = 0.002;

class PebsTest : public ::testing::Test {
 protected:
  PebsTest() {
    Write("/sys/devices/system/cpu/online", "0-1\n");
    Target target;
    target.id = {77};
    target.pid = 5;
    targets_.Add(target);
    options_.record_cost = std::chrono::microseconds(1);
  }
  ~PebsTest() override { fs::remove_all(root_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }
  std::unique_ptr<Pebs> Make() {
    auto pebs = Pebs::Create(kernel_, root_, options_, kShare);
    EXPECT_TRUE(pebs.ok()) << pebs.status();
    return pebs.ok() ? *std::move(pebs) : nullptr;
  }
  std::string WhyNot() { return std::string(Pebs::Create(kernel_, root_, options_, kShare).status().message()); }
  std::vector<ranges::Sample> Poll(Pebs& pebs, std::chrono::milliseconds at) {
    std::vector<ranges::Sample> samples;
    pebs.Poll(ranges::Time(std::chrono::hours(1) + at), targets_, samples);
    return samples;
  }
  static std::string NewFolder() {
    char folder[] = "/tmp/hypertier-pebs-XXXXXX";
    return mkdtemp(folder);
  }

  const std::string root_ = NewFolder();
  FakePerfKernel kernel_;
  PebsOptions options_;
  TargetTable targets_;
};

TEST_F(PebsTest, OpensLoadsAndStoresOnEachCpuWithOneRingAndInsideTheLargePebsSet) {
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  EXPECT_EQ(pebs->cpus(), 2u);
  EXPECT_TRUE(pebs->samples_stores());
  EXPECT_EQ(kernel_.rings.size(), 2u);
  for (const int cpu : {0, 1}) {
    const int loads_fd = kernel_.Find(cpu, kLoads);
    const auto& loads = kernel_.events.at(loads_fd);
    const auto& stores = kernel_.events.at(kernel_.Find(cpu, kStores));
    EXPECT_EQ(stores.output, loads_fd);
    for (const auto* event : {&loads, &stores}) {
      EXPECT_TRUE(event->enabled);
      EXPECT_EQ(event->pid, -1);
      EXPECT_EQ(event->attr.type, PERF_TYPE_RAW);
      EXPECT_EQ(event->attr.sample_type, kPerfSampleType);
      EXPECT_EQ(event->attr.precise_ip, 2u);
      EXPECT_EQ(event->attr.freq, 0u);
      EXPECT_EQ(event->attr.watermark, 1u);
      EXPECT_EQ(event->attr.exclude_kernel, 1u);
    }
    EXPECT_EQ(loads.attr.sample_period, 4093u);
    EXPECT_EQ(loads.attr.config1, 192u);
  }
}

TEST_F(PebsTest, SamplesOfTargetsCarryThePeriodThatWasInForceAndOthersAreCounted) {
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  const int ring = kernel_.Find(0, kLoads);
  kernel_.PutSample(ring, 5, 0x7000, 4093);
  kernel_.PutSample(ring, 5, 0x8000, 65521);
  kernel_.PutSample(ring, 6, 0x9000, 4093);
  kernel_.PutSample(ring, 0xffffffff, 0x9000, 4093);
  kernel_.PutSample(ring, 5, 0, 4093);
  kernel_.PutSample(ring, 5, 0xffff800000000000, 4093);
  kernel_.PutSample(ring, 5, 0x7000, 0);
  kernel_.PutSample(ring, 5, 0x7000, std::uint64_t{1} << 40);
  perf_mem_data_src hit = {};
  hit.mem_lvl = PERF_MEM_LVL_L1 | PERF_MEM_LVL_HIT;
  kernel_.PutSample(ring, 5, 0x7000, 65521, hit.val);
  kernel_.Put(ring, PERF_RECORD_LOST, {1, 9});
  const auto samples = Poll(*pebs, std::chrono::milliseconds(0));
  ASSERT_EQ(samples.size(), 3u);
  EXPECT_EQ(samples[0].process.key, 77u);
  EXPECT_EQ(samples[0].address, 0x7000u);
  EXPECT_EQ(samples[0].weight, 4093u);
  EXPECT_EQ(samples[1].weight, 65521u);
  EXPECT_EQ(samples[2].weight, UINT32_MAX);
  const AccessStats stats = pebs->stats();
  EXPECT_EQ(stats.samples, 3u);
  EXPECT_EQ(stats.foreign, 2u);
  EXPECT_EQ(stats.bad, 3u);
  EXPECT_EQ(stats.lost, 9u);
}

TEST_F(PebsTest, ThePeriodRisesUntilTheBudgetIsKeptAndFallsWhenThereIsRoom) {
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  const int ring = kernel_.Find(1, kLoads);
  Poll(*pebs, std::chrono::milliseconds(0));
  // Six times what 0.2 % of a second pays for at 1 us a record.
  for (int at = 100; at <= 1000; at += 100) {
    for (int i = 0; i < 1200; ++i) kernel_.PutSample(ring, 5, 0x7000, 4093);
    Poll(*pebs, std::chrono::milliseconds(at));
  }
  EXPECT_GE(pebs->stats().period, 4093u * 8);
  EXPECT_EQ(pebs->stats().period % 2, 1u);
  EXPECT_EQ(kernel_.events.at(ring).period, pebs->stats().period);
  EXPECT_GE(kernel_.events.at(kernel_.Find(1, kStores)).period, 65521u * 8);
  for (int at = 2000; at < 90000; at += 1000) Poll(*pebs, std::chrono::milliseconds(at));
  EXPECT_EQ(pebs->stats().period, (4093u >> 2) | 1);
}

TEST_F(PebsTest, ThePeriodFollowsTheBudgetAtOnce) {
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  pebs->SetBudget(kShare / 10);
  EXPECT_EQ(pebs->stats().period, 4093u * 8 | 1);
  EXPECT_EQ(kernel_.events.at(kernel_.Find(1, kLoads)).period, pebs->stats().period);
  EXPECT_EQ(kernel_.events.at(kernel_.Find(1, kStores)).period, 65521u * 8 | 1);
  pebs->SetBudget(kShare);
  EXPECT_EQ(pebs->stats().period, 4093u);
}

TEST_F(PebsTest, ThrottlingDoublesThePeriod) {
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  Poll(*pebs, std::chrono::milliseconds(0));
  kernel_.Put(kernel_.Find(0, kLoads), PERF_RECORD_THROTTLE, {0, 0, 0});
  Poll(*pebs, std::chrono::milliseconds(1000));
  EXPECT_EQ(pebs->stats().throttled, 1u);
  EXPECT_EQ(pebs->stats().period, 4093u * 2 + 1);
}

TEST_F(PebsTest, RingsThatFillAreReadMoreOften) {
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  Poll(*pebs, std::chrono::milliseconds(0));
  for (int i = 0; i < 2000; ++i) kernel_.PutSample(kernel_.Find(0, kLoads), 5, 0x7000, 4093);
  Poll(*pebs, std::chrono::milliseconds(200));
  const auto now = ranges::Time(std::chrono::hours(1) + std::chrono::milliseconds(200));
  EXPECT_LT(pebs->NextDeadline() - now, std::chrono::milliseconds(110));
  EXPECT_GE(pebs->NextDeadline() - now, std::chrono::milliseconds(20));
  Poll(*pebs, std::chrono::milliseconds(300));
  EXPECT_GE(pebs->NextDeadline() - now, std::chrono::milliseconds(1000));
}

TEST_F(PebsTest, FollowsCpusThatComeAndGoAndGivesEverythingBack) {
  auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  Poll(*pebs, std::chrono::milliseconds(0));
  Write("/sys/devices/system/cpu/online", "0,2-3\n");
  Poll(*pebs, std::chrono::seconds(1));
  EXPECT_EQ(pebs->cpus(), 2u);
  Poll(*pebs, std::chrono::seconds(6));
  EXPECT_EQ(pebs->cpus(), 3u);
  EXPECT_EQ(kernel_.mapped, 3);
  // A list that cannot be read changes nothing.
  Write("/sys/devices/system/cpu/online", "none\n");
  Poll(*pebs, std::chrono::seconds(12));
  EXPECT_EQ(pebs->cpus(), 3u);
  pebs.reset();
  EXPECT_EQ(kernel_.mapped, 0);
}

TEST_F(PebsTest, RingsOfManyCpusTogetherStayWithinTheirBound) {
  Write("/sys/devices/system/cpu/online", "0-255\n");
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  std::size_t bytes = 0;
  for (const auto& [fd, ring] : kernel_.rings) bytes += ring.size() * 8 - FakePerfKernel::kPageBytes;
  EXPECT_EQ(bytes, options_.rings.count());
}

TEST_F(PebsTest, LoadsAloneWillDo) {
  kernel_.open_errors[kStores] = ENOENT;
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  EXPECT_FALSE(pebs->samples_stores());
}

TEST_F(PebsTest, TheAuxiliaryEventLeadsTheLoadsWhereTheCpuWantsIt) {
  Write("/sys/bus/event_source/devices/cpu/events/mem-loads-aux", "event=0x03,umask=0x82\n");
  const auto pebs = Make();
  ASSERT_NE(pebs, nullptr);
  const int leader = kernel_.Find(0, 0x8203);
  ASSERT_GE(leader, 0);
  EXPECT_EQ(kernel_.events.at(kernel_.Find(0, kLoads)).group, leader);
  EXPECT_TRUE(kernel_.events.at(leader).enabled);
  EXPECT_EQ(kernel_.events.at(kernel_.Find(0, kStores)).group, -1);
  Write("/sys/bus/event_source/devices/cpu/events/mem-loads-aux", "event=3;rm -rf\n");
  EXPECT_FALSE(LoadsLeader(root_).has_value());
}

TEST_F(PebsTest, ARefusalSaysWhatToDo) {
  Write("/proc/sys/kernel/perf_event_paranoid", "2\n");
  kernel_.open_errors[kLoads] = EACCES;
  EXPECT_THAT(WhyNot(), HasSubstr("perf_event_paranoid is 2): run as root or with CAP_PERFMON"));
  kernel_.open_errors[kLoads] = ENOENT;
  EXPECT_THAT(WhyNot(), HasSubstr("<pmu state='on'/>"));
  kernel_.open_errors[kLoads] = EOPNOTSUPP;
  EXPECT_THAT(WhyNot(), HasSubstr("no PEBS here"));
  kernel_.open_errors.clear();
  kernel_.map_error = EPERM;
  EXPECT_THAT(WhyNot(), HasSubstr("perf_event_mlock_kb"));
  options_.load_period = 1;
  EXPECT_THAT(WhyNot(), HasSubstr("pebs-period must be 16 to"));
}

TEST_F(PebsTest, TheThresholdIsInCyclesOfTheNominalFrequencyIfThatIsPlausible) {
  using std::chrono::nanoseconds;
  EXPECT_EQ(LoadLatencyCycles(root_, nanoseconds(64)), 192u);
  Write("/proc/cpuinfo", "processor\t: 0\ncpu MHz\t\t: 2500.000\ncache size : 1 KB\n");
  EXPECT_EQ(LoadLatencyCycles(root_, nanoseconds(64)), 160u);
  EXPECT_EQ(LoadLatencyCycles(root_, nanoseconds(1)), 3u);
  EXPECT_EQ(LoadLatencyCycles(root_, std::chrono::seconds(1)), 65535u);
  for (const char* odd : {"1000.1", "-5", "nan", "1e300", ""}) {
    Write("/proc/cpuinfo", std::string("cpu MHz\t\t: ") + odd);
    EXPECT_EQ(LoadLatencyCycles(root_, nanoseconds(64)), 192u) << odd;
  }
}

TEST(PeriodControl, DoesNotTakeFewerSamplesForWhatTheyDoNotCost) {
  PeriodControl control(0.002);
  for (int second = 0; second < 60; ++second) {
    control.Update(std::chrono::seconds(1), {std::chrono::milliseconds(5), std::chrono::microseconds(20)}, false);
  }
  EXPECT_EQ(control.level(), 0);
}

TEST(PeriodControl, StaysWithinItsBoundsWhateverTheBudget) {
  PeriodControl control(0.002);
  EXPECT_TRUE(control.SetBudget(1e9));
  EXPECT_EQ(control.level(), PeriodControl::kLeastLevel);
  EXPECT_TRUE(control.SetBudget(1e-9));
  EXPECT_EQ(control.level(), PeriodControl::kMostLevel);
  EXPECT_FALSE(control.SetBudget(0));
  EXPECT_FALSE(control.SetBudget(0.002));
}

TEST(PeriodControl, DoesNotGoUpAndDownForTheSameLoad) {
  using std::chrono::microseconds;
  for (int load = 100; load < 100'000; load += 137) {
    PeriodControl control(0.002);
    int turns = 0;
    int last = 0;
    int direction = 0;
    for (int second = 0; second < 60; ++second) {
      const double cost =
          control.level() >= 0 ? load / double(1 << control.level()) : load * double(1 << -control.level());
      control.Update(std::chrono::seconds(1), {{}, microseconds(static_cast<int>(cost))}, false);
      const int step = control.level() - last;
      if (step != 0 && direction != 0 && (step > 0) != (direction > 0)) ++turns;
      if (step != 0) direction = step;
      last = control.level();
    }
    EXPECT_EQ(turns, 0) << load;
  }
}

}  // namespace
}  // namespace hypertier::agent
