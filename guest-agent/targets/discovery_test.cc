// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/discovery.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace hypertier::agent {
namespace {

using ranges::Classifier;
using ranges::ProcessId;
using std::chrono::milliseconds;
using std::chrono::seconds;
namespace fs = std::filesystem;

// A /proc of files. CPU time passes only as a test says.
class DiscoveryTest : public ::testing::Test {
 protected:
  ~DiscoveryTest() override { fs::remove_all(root_); }

  static std::string NewFolder() {
    char folder[] = "/tmp/hypertier-agent-XXXXXX";
    return mkdtemp(folder);
  }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories(fs::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << text;
  }

  static ranges::Options FewProcesses() {
    ranges::Options options;
    options.max_processes = 3;
    return options;
  }

  struct Fake {
    std::string command = "server";
    char state = 'S';
    unsigned flags = 0;
    std::uint64_t start_time = 100;
    Bytes rss = Bytes::MiB(64);
    Bytes vsize = Bytes::MiB(200);
    std::uint64_t image = 1;
  };
  void Put(int pid, const Fake& fake) {
    Write(fmt::format("/proc/{}/stat", pid),
          fmt::format("{} ({}) {} 1 1 1 0 -1 {} 1 0 5 0 12 3 0 0 20 0 4 0 {} {} {} 18446744073709551615 {} 2 3 0 0 0 0 "
                      "4096 81920 0 0 0 17 1 0 0 0 0 0 4 5 6 7 8 9 10 0\n",
                      pid, fake.command, fake.state, fake.flags, fake.start_time, fake.vsize.count(),
                      fake.rss.count() / 4096, fake.image));
    Write(fmt::format("/proc/{}/maps", pid),
          "10000000-14000000 rw-p 00000000 00:00 0      [heap]\n40000000-44000000 rw-s 00000000 00:01 77   /dev/zero "
          "(deleted)\n");
    Write(fmt::format("/proc/{}/cgroup", pid), "1:name=systemd:/x\n0::/system.slice/db.service/worker\n");
  }
  void Remove(int pid) { fs::remove_all(root_ + fmt::format("/proc/{}", pid)); }

  void Make(DiscoveryOptions options = {}) {
    options.cpu_clock = [this] { return cpu_ += tick_; };
    discovery_.emplace(root_, std::move(options));
  }

  // As the agent's loop does.
  void RunFor(milliseconds time) {
    if (!discovery_) Make();
    const ranges::Time end = now_ + time;
    for (; now_ < end; now_ += milliseconds(100)) {
      if (now_ >= discovery_->NextDeadline()) discovery_->Run(now_, targets_, classifier_);
    }
    EXPECT_TRUE(classifier_.Verify().ok());
    EXPECT_EQ(classifier_.stats().process_count, targets_.all().size());
  }

  ProcessId IdOf(int pid) const {
    const Target* target = targets_.FindPid(pid);
    return target != nullptr ? target->id : ProcessId{};
  }

  const std::string root_ = NewFolder();
  ranges::Time now_ = ranges::Time(std::chrono::hours(1));
  std::chrono::nanoseconds cpu_{0};
  std::chrono::nanoseconds tick_{0};
  TargetTable targets_;
  Classifier classifier_ = *Classifier::Create(FewProcesses());
  std::optional<Discovery> discovery_;
};

TEST_F(DiscoveryTest, FindsLargeUserProcessesAtOnce) {
  Put(1, {.command = "init", .rss = Bytes::MiB(40)});
  Put(2, {.command = "kthreadd", .flags = 0x200000, .rss = Bytes(), .vsize = Bytes()});
  Put(7, {.command = "tiny", .rss = Bytes::MiB(31)});
  Put(8, {.command = "zombie", .state = 'Z'});
  Put(getpid(), {.command = "hypertier-agent"});
  Put(99, {.command = "a) S 1 (b\nc"});
  Write("/proc/self/stat", "not a number");
  RunFor(seconds(1));
  ASSERT_EQ(targets_.all().size(), 2u);
  EXPECT_NE(IdOf(1), ProcessId{});
  const Target* target = targets_.FindPid(99);
  ASSERT_NE(target, nullptr);
  EXPECT_EQ(target->command, "a) S 1 (b\nc");
  EXPECT_EQ(target->start_time, 100u);
  // The shared segment belongs to the first.
  EXPECT_EQ(targets_.FindPid(1)->mappings.size(), 2u);
  EXPECT_EQ(target->mappings, (std::vector<ranges::AddressSpan>{{0x10000000, 0x14000000}}));
}

TEST_F(DiscoveryTest, FollowsStartGrowthShrinkageAndExit) {
  Put(1, {.command = "init", .rss = Bytes::MiB(4)});
  RunFor(seconds(3));
  EXPECT_TRUE(targets_.all().empty());
  Put(50, {.rss = Bytes::MiB(20)});
  RunFor(seconds(2));
  EXPECT_TRUE(targets_.all().empty());
  Put(50, {.rss = Bytes::MiB(33)});
  RunFor(seconds(6));
  const ProcessId id = IdOf(50);
  EXPECT_NE(id, ProcessId{});
  // Not below half.
  Put(50, {.rss = Bytes::MiB(17)});
  RunFor(seconds(6));
  EXPECT_EQ(IdOf(50), id);
  Put(50, {.rss = Bytes::MiB(15)});
  RunFor(seconds(6));
  EXPECT_EQ(IdOf(50), ProcessId{});
  Put(50, {});
  RunFor(seconds(16));
  EXPECT_NE(IdOf(50), ProcessId{});
  EXPECT_NE(IdOf(50), id);
  Remove(50);
  RunFor(seconds(2));
  EXPECT_TRUE(targets_.all().empty());
}

TEST_F(DiscoveryTest, ExecAndAReusedPidAreNewTargets) {
  Put(50, {});
  RunFor(seconds(1));
  const ProcessId first = IdOf(50);
  Put(50, {.command = "other", .image = 2});
  RunFor(seconds(6));
  const ProcessId second = IdOf(50);
  EXPECT_NE(second, first);
  EXPECT_EQ(targets_.FindPid(50)->command, "other");
  EXPECT_EQ(discovery_->stats().execs, 1u);
  Put(50, {.start_time = 101, .image = 2});
  RunFor(seconds(6));
  EXPECT_NE(IdOf(50), second);
  EXPECT_NE(IdOf(50), first);
  EXPECT_EQ(discovery_->stats().execs, 1u);
  EXPECT_EQ(targets_.all().size(), 1u);
}

TEST_F(DiscoveryTest, RereadsMappingsWhenTheyMayHaveChanged) {
  Put(50, {});
  RunFor(seconds(1));
  Write("/proc/50/maps", "10000000-18000000 rw-p 00000000 00:00 0 \n");
  RunFor(seconds(20));
  EXPECT_EQ(targets_.FindPid(50)->mappings, (std::vector<ranges::AddressSpan>{{0x10000000, 0x18000000}}));
  // Another size: within seconds.
  Put(50, {.vsize = Bytes::MiB(300)});
  RunFor(seconds(6));
  EXPECT_EQ(targets_.FindPid(50)->mappings.size(), 2u);
}

TEST_F(DiscoveryTest, WalksOnlyWhenTasksHaveComeOrGone) {
  Write("/proc/loadavg", "0.00 0.01 0.05 1/80 50\n");
  Put(50, {});
  RunFor(seconds(10));
  EXPECT_EQ(discovery_->stats().walks, 1u);
  Write("/proc/loadavg", "0.20 0.01 0.05 3/80 50\n");
  RunFor(seconds(10));
  EXPECT_EQ(discovery_->stats().walks, 1u);
  Put(51, {});
  Write("/proc/loadavg", "0.20 0.01 0.05 3/81 51\n");
  RunFor(seconds(2));
  EXPECT_NE(IdOf(51), ProcessId{});
  // 1 s, 2 s, 4 s, 5 s, 5 s...: not every time.
  const std::uint64_t checks = discovery_->stats().checks;
  RunFor(seconds(100));
  EXPECT_LE(discovery_->stats().checks, checks + 50);
}

TEST_F(DiscoveryTest, KeepsToItsShareOfCpuAndLooksAtAllInTheEnd) {
  for (int pid = 100; pid < 400; ++pid) Put(pid, {.rss = Bytes::MiB(1)});
  // Half a millisecond a look at the clock: a very slow machine.
  tick_ = std::chrono::microseconds(500);
  RunFor(seconds(100));
  const auto start = discovery_->stats();
  RunFor(seconds(1000));
  const auto end = discovery_->stats();
  EXPECT_LT(end.cpu - start.cpu, 10 * seconds(1000) / 2000);
  EXPECT_GE(end.checks - start.checks, 300u * 1000 / 60);
  EXPECT_TRUE(targets_.all().empty());
  Put(350, {});
  RunFor(seconds(60));
  EXPECT_EQ(targets_.all().size(), 1u);
}

TEST_F(DiscoveryTest, CostlyMappingsAreReadSeldom) {
  Put(50, {});
  tick_ = milliseconds(5);
  RunFor(seconds(200));
  // 5 ms at 0.1 % is 5 s; the walk and the checks have their own cost.
  EXPECT_LE(discovery_->stats().attachments.maps_reads, 40u);
  EXPECT_GE(discovery_->stats().attachments.maps_reads, 2u);
}

TEST_F(DiscoveryTest, ChoosesByCgroupOrCommand) {
  DiscoveryOptions options;
  options.selection.commands = {"redis*"};
  options.selection.cgroups = {"/user.slice"};
  Make(options);
  Put(50, {.command = "redis-server"});
  Put(51, {.command = "postgres"});
  RunFor(seconds(2));
  EXPECT_NE(IdOf(50), ProcessId{});
  EXPECT_EQ(IdOf(51), ProcessId{});
  // Moved to another cgroup.
  Write("/proc/51/cgroup", "0::/user.slice/x\n");
  RunFor(seconds(6));
  EXPECT_NE(IdOf(51), ProcessId{});
}

TEST_F(DiscoveryTest, LargestProcessesWinWhenTheClassifierIsFull) {
  Put(50, {.rss = Bytes::MiB(100)});
  Put(51, {.rss = Bytes::MiB(40)});
  Put(52, {.rss = Bytes::MiB(90)});
  Put(53, {.rss = Bytes::MiB(200)});
  Put(54, {.rss = Bytes::MiB(100)});
  RunFor(seconds(10));
  EXPECT_NE(IdOf(50), ProcessId{});
  EXPECT_NE(IdOf(52), ProcessId{});
  EXPECT_NE(IdOf(53), ProcessId{});
  EXPECT_EQ(targets_.all().size(), 3u);
  EXPECT_GE(discovery_->stats().attachments.displaced, 1u);
  EXPECT_GE(discovery_->stats().attachments.refused, 1u);
}

TEST_F(DiscoveryTest, ProcessesThatVanishHalfwayAreSimplyGone) {
  Put(50, {});
  fs::remove(root_ + "/proc/50/maps");
  Put(51, {});
  fs::remove(root_ + "/proc/51/stat");
  Write("/proc/52/stat", "52 (x) S");
  Write("/proc/53/stat", std::string(5000, '('));
  RunFor(seconds(5));
  EXPECT_TRUE(targets_.all().empty());
  Put(54, {});
  RunFor(seconds(2));
  Remove(54);
  discovery_->CheckSoon(54);
  discovery_->CheckSoon(4711);
  RunFor(seconds(2));
  EXPECT_TRUE(targets_.all().empty());
}

TEST(Selection, TakesWholePartsOfACgroupsPath) {
  const Selection selection({.cgroups = {"/a/b", "/c/"}, .commands = {}}, 1);
  EXPECT_TRUE(selection.ChosenByCgroup("/a/b"));
  EXPECT_TRUE(selection.ChosenByCgroup("/a/b/c"));
  EXPECT_FALSE(selection.ChosenByCgroup("/a/bc"));
  EXPECT_FALSE(selection.ChosenByCgroup(""));
  EXPECT_TRUE(selection.ChosenByCgroup("/c/d"));
  EXPECT_FALSE(selection.ChosenByCommand("x"));
  const Selection all({.cgroups = {"/"}, .commands = {}}, 1);
  EXPECT_TRUE(all.ChosenByCgroup("/x"));
}

}  // namespace
}  // namespace hypertier::agent
