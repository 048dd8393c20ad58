// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/session/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <vector>

#include "guest-agent/session/fake_guest.h"

namespace hypertier::agent {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() { spdlog::set_level(spdlog::level::off); }

  // What the session has said since the last call.
  std::vector<v1::GuestMessage> Said() {
    std::vector<v1::GuestMessage> messages;
    decoder_.Append(session_.output());
    session_.Consume(session_.output().size());
    while (true) {
      auto next = decoder_.Next();
      EXPECT_TRUE(next.ok());
      if (!next.ok() || !next->has_value()) return messages;
      EXPECT_TRUE(messages.emplace_back().ParseFromString(**next));
    }
  }

  void Hear(const v1::HostMessage& message) { session_.Receive(now_, EncodeFrame(message.SerializeAsString())); }

  void HearHello(std::uint64_t session = 42, std::uint32_t interval_ms = 1000) {
    v1::HostMessage message;
    message.set_session(session);
    message.mutable_hello()->set_min_version(1);
    message.mutable_hello()->set_max_version(3);
    message.mutable_hello()->add_features(v1::FEATURE_BALLOONS);
    message.mutable_hello()->set_report_interval_ms(interval_ms);
    Hear(message);
  }

  void HearSet(std::uint64_t generation, std::uint64_t session = 42) {
    v1::HostMessage message;
    message.set_session(session);
    message.mutable_set_balloons()->set_generation(generation);
    message.mutable_set_balloons()->set_smem_balloon_bytes(8 << 20);
    Hear(message);
  }

  // Time goes by, in the steps that the session asks for; everything that it says meanwhile.
  std::vector<v1::GuestMessage> Pass(milliseconds time) {
    std::vector<v1::GuestMessage> messages;
    const Time end = now_ + time;
    for (int steps = 0;; ++steps) {
      EXPECT_LT(steps, 10000) << "the session spins";
      session_.Tick(now_);
      for (v1::GuestMessage& message : Said()) messages.push_back(std::move(message));
      if (session_.NextDeadline() > end || steps >= 10000) break;
      now_ = std::max(now_, session_.NextDeadline());
    }
    now_ = end;
    return messages;
  }

  // Opens a session and lets it say its first words.
  void Open() {
    HearHello();
    EXPECT_THAT(Pass(milliseconds(0)), SizeIs(2));
  }

  FakeGuest guest_;
  Session session_{Identity{"1.2.3", "6.1.0-test", "boot"}, guest_};
  FrameDecoder decoder_{FrameDecoder::Mode::kStrict};
  Time now_ = Time() + std::chrono::hours(1);
};

TEST_F(SessionTest, AFreshAgentSaysSoNowAndThenUntilAHostSpeaks) {
  session_.Start(now_);
  const auto said = Pass(seconds(11));
  ASSERT_THAT(said, SizeIs(3));
  for (const auto& message : said) {
    EXPECT_TRUE(message.has_agent_started());
    EXPECT_EQ(message.session(), 0u);
  }
  Open();
  for (const auto& message : Pass(seconds(20))) EXPECT_TRUE(message.has_report());
}

TEST_F(SessionTest, AnswersHostHelloWithWhoItIsAndAReport) {
  HearHello();
  const auto said = Pass(milliseconds(0));
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0].session(), 42u);
  EXPECT_EQ(said[0].hello().version(), 1u);
  EXPECT_EQ(said[0].hello().agent_version(), "1.2.3");
  EXPECT_EQ(said[0].hello().kernel_release(), "6.1.0-test");
  EXPECT_EQ(said[0].hello().boot_id(), "boot");
  EXPECT_THAT(said[0].hello().features(), ElementsAre(v1::FEATURE_BALLOONS));
  EXPECT_EQ(said[1].session(), 42u);
  ASSERT_EQ(said[1].report().tiers_size(), 2);
  EXPECT_EQ(said[1].report().source(), v1::Report::SOURCE_BOOT);
  EXPECT_EQ(said[1].report().tiers(0).present_bytes(), Bytes::GiB(1).count());
  EXPECT_EQ(said[1].report().tiers(1).tier(), v1::TIER_SMEM);
  EXPECT_EQ(said[1].report().tiers(1).floor_bytes(), Bytes::MiB(8).count());
  EXPECT_EQ(said[1].report().memory_pressure(), 0.25);
}

TEST_F(SessionTest, ReportsPlacementToAHostThatWantsIt) {
  PlacementFigures figures;
  figures.source = "pebs";
  figures.source_reason = std::string(1000, 'r');
  figures.hit_ratio = 0.75;
  figures.curve = {{Bytes::MiB(4), 0.5}, {Bytes::MiB(64), 1}};
  figures.exchanged = Bytes::MiB(2);
  figures.move_limit = Bytes::MiB(3);
  figures.refusals[static_cast<std::size_t>(Refusal::kNoMemory)] = 7;
  guest_.placement = std::make_shared<const PlacementFigures>(figures);
  HearHello();
  auto said = Pass(milliseconds(0));
  EXPECT_THAT(said.at(0).hello().features(), ElementsAre(v1::FEATURE_BALLOONS, v1::FEATURE_PLACEMENT));
  EXPECT_FALSE(said.at(1).report().has_placement()) << "an older host did not ask for it";

  v1::HostMessage hello;
  hello.set_session(43);
  hello.mutable_hello()->set_min_version(1);
  hello.mutable_hello()->set_max_version(1);
  hello.mutable_hello()->add_features(v1::FEATURE_PLACEMENT);
  Hear(hello);
  said = Pass(milliseconds(0));
  const v1::PlacementReport& placement = said.at(1).report().placement();
  EXPECT_EQ(placement.source(), "pebs");
  EXPECT_EQ(placement.source_reason().size(), 256u);
  EXPECT_EQ(placement.hit_ratio(), 0.75);
  ASSERT_EQ(placement.curve_size(), 2);
  EXPECT_EQ(placement.curve(1).fmem_bytes(), Bytes::MiB(64).count());
  EXPECT_EQ(placement.exchanged_bytes(), Bytes::MiB(2).count());
  EXPECT_EQ(placement.move_limit(), Bytes::MiB(3).count());
  ASSERT_EQ(placement.refusals_size(), 1);
  EXPECT_EQ(placement.refusals(0).reason(), v1::PlacementReport::Refusal::REASON_NO_MEMORY);
  EXPECT_EQ(placement.refusals(0).pages(), 7u);
}

TEST_F(SessionTest, PlacementIsToldHowMuchItMayMove) {
  v1::HostMessage limit;
  limit.set_session(42);
  limit.mutable_limit_moves()->set_bytes_per_second(4096);
  Hear(limit);
  EXPECT_EQ(guest_.move_limit, std::nullopt) << "there is no session yet";
  HearHello();
  Hear(limit);
  EXPECT_EQ(guest_.move_limit, Bytes(4096));
}

TEST_F(SessionTest, AMinuteOfUnreadHostHellosIsAnsweredOnce) {
  for (int i = 0; i < 60; ++i) HearHello();
  EXPECT_THAT(Pass(milliseconds(0)), SizeIs(2));
  now_ += Session::kHelloGap;
  HearHello();
  EXPECT_TRUE(Pass(milliseconds(0)).at(0).has_hello());
}

TEST_F(SessionTest, ReportsEveryIntervalWithinTheBoundsOfTheProtocol) {
  const std::pair<std::uint32_t, std::size_t> cases[] = {{1000, 10}, {0, 100}, {100, 100}, {2500, 4}, {4000000000u, 0}};
  std::uint64_t session = 1;
  for (const auto& [interval, reports] : cases) {
    now_ += seconds(1);
    HearHello(++session, interval);
    Pass(milliseconds(0));
    EXPECT_THAT(Pass(seconds(10)), SizeIs(reports)) << interval;
  }
}

TEST_F(SessionTest, ReportsAChangeAtOnceButAtMostTenTimesASecond) {
  Open();
  Pass(milliseconds(500));
  session_.Changed(now_);
  EXPECT_THAT(Pass(milliseconds(1)), SizeIs(1));
  std::size_t reports = 0;
  for (int i = 0; i < 1000; ++i) {
    session_.Changed(now_);
    reports += Pass(milliseconds(1)).size();
  }
  EXPECT_GE(reports, 9u);
  EXPECT_LE(reports, 10u);
}

TEST_F(SessionTest, CarriesOutSetBalloonsAndShowsTheGeneration) {
  Open();
  HearSet(9);
  session_.Changed(now_);
  const auto said = Pass(seconds(1));
  ASSERT_FALSE(said.empty());
  EXPECT_EQ(said[0].report().generation(), 9u);
  EXPECT_EQ(guest_.snapshot.tiers.smem()->balloon_target, Bytes::MiB(8));
  EXPECT_EQ(guest_.snapshot.tiers.fmem()->balloon_target, Bytes());
}

TEST_F(SessionTest, SaysWhyACommandFailed) {
  Open();
  guest_.commands = absl::OutOfRangeError("more than the tier has \xff" + std::string(1000, 'x'));
  HearSet(9);
  v1::HostMessage rediscard;
  rediscard.set_session(42);
  rediscard.mutable_rediscard();
  Hear(rediscard);
  const auto said = Said();
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0].command_failed().generation(), 9u);
  EXPECT_THAT(said[0].command_failed().reason(), HasSubstr("more than the tier has ?xxx"));
  EXPECT_THAT(said[0].command_failed().reason(), SizeIs(256));
  EXPECT_EQ(said[1].command_failed().generation(), 0u);
}

TEST_F(SessionTest, AnOlderSessionsCommandsAreDropped) {
  Open();
  HearSet(9, 41);
  EXPECT_EQ(guest_.snapshot.generation, 0u);
  HearHello(43);
  HearSet(9, 42);
  EXPECT_EQ(guest_.snapshot.generation, 0u);
  HearSet(9, 43);
  EXPECT_EQ(guest_.snapshot.generation, 9u);
}

TEST_F(SessionTest, SaysThatThereAreNoBalloonsAndFindsThemWhenTheyCome) {
  guest_.balloons = absl::NotFoundError("/dev/hyperflex: modprobe hyperflex");
  HearHello();
  auto said = Pass(seconds(1));
  EXPECT_THAT(said.at(0).hello().features(), IsEmpty());
  EXPECT_THAT(said.at(0).hello().balloons_unavailable(), HasSubstr("modprobe"));
  EXPECT_THAT(said.at(1).report().tiers(), IsEmpty());
  HearSet(1);
  EXPECT_TRUE(Said().at(0).has_command_failed());

  guest_.balloons = absl::OkStatus();
  said = Pass(Session::kProbeInterval);
  EXPECT_THAT(said.at(0).hello().features(), ElementsAre(v1::FEATURE_BALLOONS));
  EXPECT_THAT(said.at(1).report().tiers(), SizeIs(2));

  guest_.balloons = absl::NotFoundError("gone");
  said = Pass(seconds(2));
  EXPECT_THAT(said.at(0).hello().balloons_unavailable(), "gone");
}

TEST_F(SessionTest, LooksForBalloonsEveryFewSecondsEvenWhenReportsAreRare) {
  guest_.balloons = absl::NotFoundError("none");
  HearHello(42, 60000);
  Pass(milliseconds(0));
  guest_.looks = 0;
  Pass(seconds(30));
  EXPECT_EQ(guest_.looks, 10);
}

TEST_F(SessionTest, NoCommonVersionMeansNoSession) {
  v1::HostMessage message;
  message.set_session(42);
  message.mutable_hello()->set_min_version(2);
  message.mutable_hello()->set_max_version(9);
  Hear(message);
  const auto said = Pass(seconds(10));
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].hello().version(), 0u);
  EXPECT_EQ(said[0].hello().max_version(), 1u);
  EXPECT_FALSE(session_.open());
  Open();
}

TEST_F(SessionTest, ARefusedSessionIsSilentUntilTheNextHostHello) {
  session_.Start(now_);
  Open();
  v1::HostMessage refuse;
  refuse.set_session(42);
  refuse.mutable_refuse()->set_reason("no");
  Hear(refuse);
  EXPECT_THAT(Pass(seconds(60)), IsEmpty());
  HearHello(43);
  EXPECT_TRUE(session_.open());
}

TEST_F(SessionTest, FindsTheHostAgainAfterGarbage) {
  Open();
  session_.Receive(now_, std::string(1 << 20, 'x'));
  session_.Receive(now_, EncodeFrame("no message \xff\xff\xff"));
  session_.Receive(now_, EncodeFrame(""));
  HearSet(5);
  EXPECT_EQ(guest_.snapshot.generation, 5u);
}

TEST_F(SessionTest, AHostThatDoesNotReadCostsNoMemoryAndNoTime) {
  Open();
  for (std::uint64_t i = 1; i < 5000; ++i) {
    now_ += milliseconds(600);
    HearHello(i);
    HearSet(0, i);
    session_.Changed(now_);
    session_.Tick(now_);
    ASSERT_LE(session_.output().size(), 8192u);
    ASSERT_EQ(session_.NextDeadline(), Time::max());
  }
  // The output may hold a session that is over; the host's next HostHello puts that right.
  Said();
  now_ += seconds(1);
  HearHello(7000);
  EXPECT_EQ(Said().at(0).session(), 7000u);
}

TEST_F(SessionTest, AHostThatLeftIsForgotten) {
  Open();
  session_.Changed(now_);
  session_.Tick(now_);
  session_.Disconnected();
  EXPECT_THAT(Pass(seconds(60)), IsEmpty());
  HearSet(5);
  EXPECT_EQ(guest_.snapshot.generation, 0u);
  Open();
}

}  // namespace
}  // namespace hypertier::agent
