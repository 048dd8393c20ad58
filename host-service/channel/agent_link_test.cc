// SPDX-License-Identifier: Apache-2.0
#include "host-service/channel/agent_link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "host-service/channel/recorded_events.h"

namespace hypertier::channel {
namespace {

using agent::v1::GuestMessage;
using agent::v1::HostMessage;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

class AgentLinkTest : public ::testing::Test {
 protected:
  AgentLinkTest() { link_.Connected(now_); }

  // What the link says, all that is due now.
  std::vector<HostMessage> Said() {
    std::vector<HostMessage> messages;
    EXPECT_TRUE(link_.Tick(now_).ok());
    while (!link_.output().empty()) {
      decoder_.Append(link_.output());
      link_.Consume(link_.output().size());
      EXPECT_TRUE(messages.emplace_back().ParseFromString(**decoder_.Next()));
      EXPECT_TRUE(link_.Tick(now_).ok());
    }
    return messages;
  }

  // Time goes by in the steps that the link asks for.
  std::vector<HostMessage> Pass(milliseconds time) {
    std::vector<HostMessage> messages;
    const Time end = now_ + time;
    for (int steps = 0;; ++steps) {
      EXPECT_LT(steps, 10000) << "the link spins";
      for (HostMessage& message : Said()) messages.push_back(std::move(message));
      if (link_.NextDeadline() > end || steps >= 10000) break;
      now_ = std::max(now_, link_.NextDeadline());
    }
    now_ = end;
    return messages;
  }

  absl::Status Hear(const GuestMessage& message) {
    return link_.Receive(now_, EncodeFrame(message.SerializeAsString()));
  }

  GuestMessage Hello() {
    GuestMessage message;
    message.set_session(session_);
    message.mutable_hello()->set_version(1);
    message.mutable_hello()->set_min_version(1);
    message.mutable_hello()->set_max_version(4);
    message.mutable_hello()->add_features(agent::v1::FEATURE_BALLOONS);
    return message;
  }

  GuestMessage Report(std::uint64_t generation = 0) {
    GuestMessage message;
    message.set_session(session_);
    message.mutable_report()->set_generation(generation);
    message.mutable_report()->add_tiers()->set_tier(agent::v1::TIER_FMEM);
    return message;
  }

  GuestMessage Started() {
    GuestMessage message;
    message.mutable_agent_started();
    return message;
  }

  void Open() {
    Said();
    ASSERT_TRUE(Hear(Hello()).ok());
    ASSERT_THAT(events_.Take(), ElementsAre("up"));
  }

  void ExpectReset(const absl::Status& status, const char* why) {
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(events_.Take(), ElementsAre(AllOf(StartsWith("reset"), HasSubstr(why))));
    EXPECT_EQ(link_.ReadAllowance(), 0u);
    EXPECT_EQ(link_.output(), "");
    EXPECT_EQ(link_.NextDeadline(), Time::max());
    EXPECT_LE(link_.buffer_capacity(), 1024u);
  }

  agent::v1::SetBalloons Set(std::uint64_t generation) {
    agent::v1::SetBalloons command;
    command.set_generation(generation);
    command.set_fmem_balloon_bytes(4096);
    return command;
  }

  const LinkOptions options_ = {.host_version = "9.9"};
  RecordedEvents events_;
  std::uint64_t session_ = 100;
  const AgentLink::SessionSource sessions_ = [this] { return ++session_; };
  Time now_ = Time() + std::chrono::hours(1);
  AgentLink link_{"vm", options_, events_, sessions_};
  FrameDecoder decoder_{FrameDecoder::Mode::kStrict};
};

TEST_F(AgentLinkTest, GreetsEverySecondUntilAnsweredAndThenIsQuiet) {
  const auto said = Pass(milliseconds(4500));
  ASSERT_THAT(said, SizeIs(5));
  for (const auto& message : said) {
    EXPECT_EQ(message.session(), session_);
    EXPECT_EQ(message.hello().min_version(), 1u);
    EXPECT_EQ(message.hello().report_interval_ms(), 1000u);
    EXPECT_EQ(message.hello().host_version(), "9.9");
    EXPECT_THAT(message.hello().features(), ElementsAre(agent::v1::FEATURE_BALLOONS, agent::v1::FEATURE_PLACEMENT));
  }
  Open();
  EXPECT_THAT(Pass(seconds(60)), IsEmpty());
  EXPECT_EQ(link_.NextDeadline(), Time::max());
}

TEST_F(AgentLinkTest, SaysThatNobodyAnswersOnce) {
  Pass(seconds(60));
  EXPECT_THAT(events_.Take(), ElementsAre(HasSubstr("no agent answers")));
  Open();
}

TEST_F(AgentLinkTest, RepeatsSetBalloonsUntilAReportShowsTheGeneration) {
  Open();
  link_.SetBalloons(now_, Set(6));
  link_.SetBalloons(now_, Set(7));
  auto said = Pass(milliseconds(2500));
  ASSERT_THAT(said, SizeIs(3));
  for (const auto& message : said) EXPECT_EQ(message.set_balloons().generation(), 7u);
  ASSERT_TRUE(Hear(Report(6)).ok());
  EXPECT_THAT(Pass(milliseconds(1000)), SizeIs(1));
  ASSERT_TRUE(Hear(Report(7)).ok());
  EXPECT_THAT(Pass(seconds(10)), IsEmpty());
  // What was confirmed once is not imposed again: the guest may have had new orders since.
  ASSERT_TRUE(Hear(Report(0)).ok());
  EXPECT_THAT(Pass(seconds(10)), IsEmpty());
}

TEST_F(AgentLinkTest, AFailedCommandIsToldAndNotRepeated) {
  Open();
  link_.SetBalloons(now_, Set(7));
  Said();
  GuestMessage failed;
  failed.set_session(session_);
  failed.mutable_command_failed()->set_generation(7);
  failed.mutable_command_failed()->set_reason("because\n" + std::string(1000, 'x'));
  ASSERT_TRUE(Hear(failed).ok());
  const auto events = events_.Take();
  ASSERT_THAT(events, SizeIs(1));
  EXPECT_THAT(events[0], StartsWith("failed 7 because\\u{a}xxx"));
  EXPECT_LE(events[0].size(), 256 + 9u);
  EXPECT_THAT(Pass(seconds(10)), IsEmpty());
}

TEST_F(AgentLinkTest, CommandsAreDroppedWhileThereIsNoSessionOrNoBalloons) {
  link_.SetBalloons(now_, Set(7));
  link_.Rediscard();
  Said();
  GuestMessage hello = Hello();
  hello.mutable_hello()->clear_features();
  ASSERT_TRUE(Hear(hello).ok());
  link_.SetBalloons(now_, Set(7));
  link_.Rediscard();
  EXPECT_THAT(Pass(seconds(3)), IsEmpty());
  // The module has come.
  ASSERT_TRUE(Hear(Hello()).ok());
  EXPECT_THAT(events_.Take(), ElementsAre("up", "up"));
  link_.Rediscard();
  EXPECT_TRUE(Said().at(0).has_rediscard());
}

TEST_F(AgentLinkTest, TheNewestLimitOfMovesIsSentOnceAndDroppedWhileThereIsNoSession) {
  link_.LimitMoves(Bytes::MiB(1));
  for (const auto& message : Said()) EXPECT_TRUE(message.has_hello());
  GuestMessage hello = Hello();
  hello.mutable_hello()->clear_features();
  ASSERT_TRUE(Hear(hello).ok());
  EXPECT_THAT(Pass(seconds(3)), IsEmpty());
  link_.LimitMoves(Bytes::MiB(2));
  link_.LimitMoves(Bytes::MiB(3));
  const auto said = Pass(seconds(3));
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].limit_moves().bytes_per_second(), Bytes::MiB(3).count());
}

TEST_F(AgentLinkTest, ARestartedAgentGetsANewSession) {
  Open();
  link_.SetBalloons(now_, Set(7));
  const std::uint64_t old = session_;
  ASSERT_TRUE(Hear(Started()).ok());
  EXPECT_THAT(events_.Take(), ElementsAre("down the agent has restarted"));
  const auto said = Said();
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_TRUE(said[0].has_hello());
  EXPECT_NE(said[0].session(), old);
  Open();
  EXPECT_THAT(Pass(seconds(5)), IsEmpty()) << "nothing of the old session is repeated";
}

TEST_F(AgentLinkTest, AnOlderSessionsTailIsSkippedAndItsMessagesDropped) {
  Said();
  GuestMessage old = Report();
  old.set_session(55);
  ASSERT_TRUE(link_.Receive(now_, EncodeFrame(std::string(200, 'x')).substr(50)).ok());
  ASSERT_TRUE(Hear(old).ok());
  ASSERT_TRUE(Hear(Hello()).ok());
  ASSERT_TRUE(Hear(old).ok());
  ASSERT_TRUE(Hear(Report(3)).ok());
  EXPECT_THAT(events_.Take(), ElementsAre("up", "report 3"));
}

TEST_F(AgentLinkTest, NoCommonVersionIsRefusedAndAskedAgainSlowly) {
  Said();
  GuestMessage hello = Hello();
  hello.mutable_hello()->set_version(0);
  hello.mutable_hello()->set_min_version(8);
  hello.mutable_hello()->set_max_version(9);
  ASSERT_TRUE(Hear(hello).ok());
  EXPECT_THAT(events_.Take(), ElementsAre(HasSubstr("the guest's agent speaks 8 to 9, this host 1 to 1")));
  auto said = Pass(seconds(50));
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_THAT(said[0].refuse().reason(), HasSubstr("8 to 9"));
  EXPECT_GE(Pass(seconds(11)).size(), 1u);
  ASSERT_TRUE(Hear(Hello()).ok());
  EXPECT_THAT(events_.Take(), ElementsAre("up"));
}

TEST_F(AgentLinkTest, AnUpdatedAgentIsNotKeptWaitingAfterARefusal) {
  Said();
  GuestMessage hello = Hello();
  hello.mutable_hello()->set_version(0);
  ASSERT_TRUE(Hear(hello).ok());
  ASSERT_TRUE(Hear(Started()).ok());
  EXPECT_TRUE(Said().at(0).has_hello());
}

TEST_F(AgentLinkTest, WhatIsBadResetsTheLink) {
  const auto with_session = [&](GuestMessage message, std::uint64_t session) {
    message.set_session(session);
    return message;
  };
  const auto frame = [](const auto& message) { return EncodeFrame(message.SerializeAsString()); };
  GuestMessage two_fmem = Report();
  two_fmem.mutable_report()->add_tiers()->set_tier(agent::v1::TIER_FMEM);
  GuestMessage version = Hello();
  version.mutable_hello()->set_version(2);
  HostMessage host_hello;
  host_hello.set_session(session_);
  host_hello.mutable_hello()->set_max_version(1);

  struct Case {
    const char* why;
    bool open;
    std::function<std::string()> bytes;
  };
  const Case cases[] = {
      {"no frame begins here", true, [] { return std::string("garbage"); }},
      {"larger than 64 KiB", true, [] { return std::string("HTF1\xff\xff\xff\xff", 8); }},
      {"checksum", true, [] { return std::string("HTF1\1\0\0\0\0\0\0\0x", 13); }},
      {"no frame in", false, [] { return std::string(FrameDecoder::kMaxSkip + 1, 'x'); }},
      {"no message", true, [] { return EncodeFrame("\xff\xff\xff"); }},
      {"without a session number", false, [&] { return EncodeFrame(""); }},
      {"without a session number", true, [&] { return frame(with_session(Report(), 0)); }},
      {"before GuestHello", false, [&] { return frame(with_session(Report(), session_)); }},
      {"of a kind that guests do not send", true, [&] { return frame(with_session(GuestMessage(), session_)); }},
      {"with a session number", true, [&] { return frame(with_session(Started(), session_)); }},
      {"with a session number", true,
       [&] {
         host_hello.set_session(session_);
         return frame(host_hello);
       }},
      {"same tier twice", true, [&] { return frame(with_session(two_fmem, session_)); }},
      {"chose protocol version 2", false, [&] { return frame(with_session(version, session_)); }},
      {"taken back", true,
       [&] {
         GuestMessage m = Hello();
         m.mutable_hello()->set_version(0);
         return frame(m);
       }},
  };
  for (const Case& test : cases) {
    SCOPED_TRACE(test.why);
    link_.Disconnected("");
    now_ += seconds(60);
    link_.Connected(now_);
    events_.Take();
    if (test.open) {
      Open();
    } else {
      Said();
    }
    const std::string bytes = test.bytes();
    absl::Status status;
    for (std::size_t at = 0; status.ok() && at < bytes.size(); at += 1000) {
      status = link_.Receive(now_, std::string_view(bytes).substr(at, 1000));
    }
    ExpectReset(status, test.why);
  }
}

TEST_F(AgentLinkTest, BalloonFiguresWithoutBalloonsAreOutOfTurn) {
  Said();
  GuestMessage hello = Hello();
  hello.mutable_hello()->clear_features();
  ASSERT_TRUE(Hear(hello).ok());
  events_.Take();
  ExpectReset(Hear(Report()), "not in use");
}

TEST_F(AgentLinkTest, PlacementAloneIsNoBalloons) {
  Said();
  GuestMessage hello = Hello();
  hello.mutable_hello()->clear_features();
  hello.mutable_hello()->add_features(agent::v1::FEATURE_PLACEMENT);
  ASSERT_TRUE(Hear(hello).ok());
  link_.SetBalloons(now_, Set(7));
  EXPECT_THAT(Pass(seconds(3)), IsEmpty());
  events_.Take();
  ExpectReset(Hear(Report()), "not in use");
}

TEST_F(AgentLinkTest, AFrameThatIsNotFinishedResetsTheLink) {
  Open();
  ASSERT_TRUE(link_.Receive(now_, EncodeFrame("half").substr(0, 14)).ok());
  EXPECT_EQ(link_.NextDeadline(), now_ + options_.unfinished);
  now_ += options_.unfinished;
  ExpectReset(link_.Tick(now_), "not finished");
}

TEST_F(AgentLinkTest, TenReportsASecondAreFine) {
  Open();
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Hear(Report()).ok());
    now_ += milliseconds(100);
    ASSERT_TRUE(link_.Tick(now_).ok());
    ASSERT_GT(link_.ReadAllowance(), 0u);
  }
  EXPECT_THAT(events_.Take(), AllOf(SizeIs(1000), Each("report 0")));
}

TEST_F(AgentLinkTest, ABurstIsSlowedDownAndNothingOfItLost) {
  Open();
  std::string burst;
  for (int i = 0; i < 80; ++i) burst += EncodeFrame(Report().SerializeAsString());
  ASSERT_TRUE(link_.Receive(now_, burst).ok());
  EXPECT_EQ(link_.ReadAllowance(), 0u);
  EXPECT_LE(events_.Take().size(), 40u);
  Pass(seconds(4));
  EXPECT_GT(link_.ReadAllowance(), 0u);
  EXPECT_THAT(events_.Take(), SizeIs(41));
}

TEST_F(AgentLinkTest, AFloodResetsTheLink) {
  Open();
  const std::string frame = EncodeFrame(Report().SerializeAsString());
  absl::Status status;
  std::size_t steps = 0;
  while (status.ok() && ++steps < 100000) {
    while (status.ok() && link_.ReadAllowance() >= frame.size()) status = link_.Receive(now_, frame);
    if (!status.ok()) break;
    now_ = link_.NextDeadline();
    status = link_.Tick(now_);
  }
  EXPECT_LT(steps, 100u) << "a flooder must not cost many wake-ups";
  const auto events = events_.Take();
  EXPECT_THAT(events.back(), HasSubstr("flood"));
  EXPECT_LE(events.size(), 40 + 20 * 6u);
}

TEST_F(AgentLinkTest, EndlessRestartsAreAFlood) {
  Open();
  absl::Status status;
  int restarts = 0;
  for (; status.ok() && restarts < 100; ++restarts) status = Hear(Started());
  EXPECT_LE(restarts, 11);
  EXPECT_THAT(events_.Take().back(), HasSubstr("restarts too often"));
}

TEST_F(AgentLinkTest, AGuestThatDoesNotReadCostsOneMessage) {
  for (int i = 0; i < 1000; ++i) {
    now_ += seconds(1);
    ASSERT_TRUE(link_.Tick(now_).ok());
    ASSERT_LE(link_.output().size(), 100u);
  }
  EXPECT_EQ(link_.NextDeadline(), Time::max());
}

TEST_F(AgentLinkTest, AQuietLinkHoldsLittleMemory) {
  Open();
  const std::string big = EncodeFrame([&] {
    GuestMessage message = Report();
    message.mutable_report()
        ->mutable_tiers(0)
        ->GetReflection()
        ->MutableUnknownFields(message.mutable_report()->mutable_tiers(0))
        ->AddLengthDelimited(99, std::string(60000, 'x'));
    return message.SerializeAsString();
  }());
  for (std::size_t at = 0; at < big.size(); at += 4096) {
    ASSERT_TRUE(link_.Receive(now_, std::string_view(big).substr(at, 4096)).ok());
  }
  EXPECT_THAT(events_.Take(), ElementsAre("report 0"));
  EXPECT_LE(link_.buffer_capacity() + sizeof link_, 2048u);
}

}  // namespace
}  // namespace hypertier::channel
