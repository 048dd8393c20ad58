// SPDX-License-Identifier: Apache-2.0
//
// The channel over real sockets.
#include "host-service/channel/epoll_channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>

#include "host-service/channel/fake_guests.h"

namespace hypertier::channel {
namespace {

using ::testing::HasSubstr;
using Kind = FakeGuests::Kind;

// What happened to each VM.
class Watcher final : public AgentEvents {
 public:
  struct Seen {
    int ups = 0;
    int downs = 0;
    int resets = 0;
    int reports = 0;
    bool up = false;
    std::uint64_t generation = 0;
    std::uint64_t rediscards = 0;
    std::string reason;
  };

  void LinkUp(const std::string& vm, const agent::v1::GuestHello&) override {
    Note(vm, [](Seen& seen) { ++seen.ups, seen.up = true; });
  }
  void ReportArrived(const std::string& vm, const agent::v1::Report& report, Time) override {
    Note(vm, [&](Seen& seen) {
      ++seen.reports, seen.generation = report.generation(), seen.rediscards = report.rediscards();
    });
  }
  void CommandFailed(const std::string&, std::uint64_t, const std::string&) override {}
  void LinkDown(const std::string& vm, const std::string& reason) override {
    Note(vm, [&](Seen& seen) { ++seen.downs, seen.up = false, seen.reason = reason; });
  }
  void LinkReset(const std::string& vm, const std::string& reason) override {
    Note(vm, [&](Seen& seen) { ++seen.resets, seen.up = false, seen.reason = reason; });
  }

  Seen Get(const std::string& vm) {
    const std::lock_guard lock(mutex_);
    return seen_[vm];
  }

  // Whether `condition` of the VM's state comes true; waits long, since a loaded machine is no failure.
  bool Await(const std::string& vm, const std::function<bool(const Seen&)>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return condition(seen_[vm]); });
  }

 private:
  template <typename Change>
  void Note(const std::string& vm, Change change) {
    const std::lock_guard lock(mutex_);
    change(seen_[vm]);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Seen> seen_;
};

class EpollChannelTest : public ::testing::Test {
 protected:
  EpollChannelTest() {
    spdlog::set_level(spdlog::level::off);
    char folder[] = "/tmp/hypertier-channel-XXXXXX";
    folder_ = mkdtemp(folder);
    // Two descriptors a guest, more than many a shell allows.
    rlimit files = {};
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = std::min<rlim_t>(files.rlim_max, 8192);
    setrlimit(RLIMIT_NOFILE, &files);
  }
  ~EpollChannelTest() override {
    channel_.reset();
    guests_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }

  void Start(const std::vector<Kind>& kinds) {
    guests_ = std::make_unique<FakeGuests>(folder_, kinds);
    auto made = MakeAgentChannel(options_, watcher_);
    ASSERT_TRUE(made.ok()) << made.status();
    channel_ = *std::move(made);
    for (std::size_t i = 0; i < kinds.size(); ++i) channel_->Open(Name(i), guests_->Path(i));
  }

  static std::string Name(std::size_t i) { return "vm" + std::to_string(i); }

  void Set(std::size_t i, std::uint64_t generation) {
    agent::v1::SetBalloons command;
    command.set_generation(generation);
    channel_->SetBalloons(Name(i), command);
  }

  std::string folder_;
  LinkOptions options_;
  Watcher watcher_;
  std::unique_ptr<FakeGuests> guests_;
  std::unique_ptr<AgentChannel> channel_;
};

TEST_F(EpollChannelTest, ManyGuestsAreServedWhateverAFewOfThemDo) {
  std::vector<Kind> kinds(40, Kind::kHonest);
  kinds.push_back(Kind::kFlood);
  kinds.push_back(Kind::kGarbage);
  kinds.push_back(Kind::kDeaf);
  kinds.push_back(Kind::kRude);
  options_.flood = std::chrono::milliseconds(1000);
  options_.silence = std::chrono::milliseconds(2000);
  Start(kinds);
  for (std::size_t i = 0; i < 40; ++i) {
    ASSERT_TRUE(watcher_.Await(Name(i), [](const auto& seen) { return seen.up; })) << i;
    Set(i, 5);
    channel_->Rediscard(Name(i));
  }
  ASSERT_TRUE(watcher_.Await(Name(40), [](const auto& seen) { return seen.resets >= 2; }));
  EXPECT_THAT(watcher_.Get(Name(40)).reason, HasSubstr("flood"));
  ASSERT_TRUE(watcher_.Await(Name(41), [](const auto& seen) { return seen.resets >= 2; }));
  ASSERT_TRUE(watcher_.Await(Name(42), [](const auto& seen) { return seen.downs >= 1; }));
  EXPECT_THAT(watcher_.Get(Name(42)).reason, HasSubstr("no agent answers"));
  ASSERT_TRUE(watcher_.Await(Name(43), [](const auto& seen) { return seen.downs >= 1; }));
  for (std::size_t i = 0; i < 40; ++i) {
    const auto done = [](const auto& seen) { return seen.generation == 5 && seen.rediscards == 1; };
    ASSERT_TRUE(watcher_.Await(Name(i), done)) << i;
    EXPECT_EQ(watcher_.Get(Name(i)).ups, 1) << i;
    EXPECT_EQ(watcher_.Get(Name(i)).resets + watcher_.Get(Name(i)).downs, 0) << i;
  }
}

TEST_F(EpollChannelTest, ConnectsAgainAfterTheOtherEndWent) {
  Start({Kind::kHonest});
  ASSERT_TRUE(watcher_.Await(Name(0), [](const auto& seen) { return seen.up; }));
  guests_->DropAll();
  ASSERT_TRUE(watcher_.Await(Name(0), [](const auto& seen) { return seen.ups == 2; }));
  EXPECT_EQ(watcher_.Get(Name(0)).resets, 0);
  EXPECT_EQ(watcher_.Get(Name(0)).reason, "QEMU has closed the connection");
}

TEST_F(EpollChannelTest, SaysWhyThereIsNoConnectionAndTriesAgain) {
  Start({});
  channel_->Open("vm", folder_ + "/0");
  ASSERT_TRUE(watcher_.Await("vm", [](const auto& seen) { return seen.downs == 1; }));
  EXPECT_THAT(watcher_.Get("vm").reason, HasSubstr("No such file or directory; is the VM running"));
  channel_->Open("long", std::string(200, 'x'));
  ASSERT_TRUE(watcher_.Await("long", [](const auto& seen) { return seen.downs == 1; }));
  EXPECT_THAT(watcher_.Get("long").reason, HasSubstr("1 to 107 bytes"));
  guests_ = std::make_unique<FakeGuests>(folder_, std::vector<Kind>{Kind::kHonest});
  ASSERT_TRUE(watcher_.Await("vm", [](const auto& seen) { return seen.up; }));
  EXPECT_EQ(watcher_.Get("vm").downs, 1);
}

TEST_F(EpollChannelTest, OpenCloseAndMoveMayFollowEachOtherAtAnyPace) {
  Start({Kind::kHonest, Kind::kHonest});
  for (int i = 0; i < 200; ++i) {
    channel_->Close("vm0");
    channel_->Open("vm0", guests_->Path(static_cast<std::size_t>(i % 2)));
    Set(0, 1);
    channel_->Rediscard("nobody");
    if (i % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
  }
  channel_->Close("vm1");
  channel_->Close("vm0");
  channel_->Open("vm0", guests_->Path(0));
  const int before = watcher_.Get("vm0").reports;
  ASSERT_TRUE(watcher_.Await("vm0", [&](const auto& seen) { return seen.up && seen.reports > before + 2; }));
}

TEST_F(EpollChannelTest, EndsWithAllLinksOpen) {
  Start(std::vector<Kind>(20, Kind::kHonest));
  channel_.reset();
}

}  // namespace
}  // namespace hypertier::channel
