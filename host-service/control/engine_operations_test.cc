// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/control/engine_harness.h"

namespace hypertier::control {
namespace {

using ::testing::HasSubstr;
using State = OperationRecord::State;

TEST(EngineOperations, AShrinkIsPendingThenRunningThenSucceedsWhenTheHostAgrees) {
  Harness h;
  h.BecomeManaged();
  h.Measure(Bytes::MiB(900), Bytes::MiB(100));
  const std::string id = h.Begin(Bytes::MiB(512));
  EXPECT_EQ(h.Operation(id)->record.state, State::kPending);
  EXPECT_THAT(h.Operation(id)->status_message, HasSubstr("confirm"));

  agent::v1::Report report = Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes());
  report.mutable_tiers(0)->set_balloon_bytes(Bytes::MiB(200).count());
  h.Pass(absl::Milliseconds(300));
  h.Say(report);
  EXPECT_EQ(h.Operation(id)->record.state, State::kRunning);
  EXPECT_EQ(h.Operation(id)->tiers.fmem()->current, Bytes::MiB(824));
  EXPECT_EQ(h.Operation(id)->tiers.fmem()->resident, Bytes::MiB(900));
  EXPECT_FALSE(h.Operation(id)->tiers.smem().has_value());
  EXPECT_THAT(h.Operation(id)->status_message, HasSubstr("312 MiB still to come"));

  h.Pass(absl::Milliseconds(300));
  const int hurried = h.residency.hurried;
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  EXPECT_EQ(h.Operation(id)->record.state, State::kRunning) << "an old measurement proves nothing";
  EXPECT_EQ(h.residency.hurried, hurried + 1);
  h.Pass(absl::Milliseconds(10));
  h.Measure(Bytes::MiB(600), Bytes::MiB(100));
  EXPECT_EQ(h.Operation(id)->record.state, State::kRunning);
  EXPECT_THAT(h.Operation(id)->status_message, HasSubstr("the host still backs 88 MiB more"));
  h.Measure(Bytes::MiB(518), Bytes::MiB(100));
  EXPECT_EQ(h.Operation(id)->record.state, State::kSucceeded);
  EXPECT_EQ(h.Operation(id)->record.ended, h.now.wall);
  EXPECT_EQ(h.Operation(id)->status_message, "");
  EXPECT_EQ(h.Vm()->operation, "");
  EXPECT_EQ(h.ledger.operations[id].state, State::kSucceeded);
}

TEST(EngineOperations, AGrowNeedsNoMeasurement) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  const std::string grow = h.Begin(Bytes::MiB(768));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(256), Bytes()));
  EXPECT_EQ(h.Operation(grow)->record.state, State::kSucceeded);
}

TEST(EngineOperations, WhereResidencyCannotBeMeasuredTheGuestsWordIsEnough) {
  Harness h;
  h.BecomeManaged();
  h.engine->HandleResidency(kUuid, absl::FailedPreconditionError("one mapping"), h.now.mono, h.now);
  const std::string id = h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  EXPECT_EQ(h.Operation(id)->record.state, State::kSucceeded);
  EXPECT_EQ(h.Operation(id)->tiers.fmem()->resident, Bytes());
}

TEST(EngineOperations, AMeasurementThatNeverComesHoldsAnOperationUpForAShortWhileOnly) {
  Harness h;
  h.BecomeManaged();
  h.Measure(Bytes::MiB(900), Bytes());
  const std::string id = h.Begin(Bytes::MiB(512));
  for (int i = 0; i < 13; ++i) {
    h.Pass(absl::Seconds(1));
    h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  }
  EXPECT_EQ(h.Operation(id)->record.state, State::kSucceeded);
}

TEST(EngineOperations, AShortfallIsShownTheOtherTierIsUntouchedAndItCompletesByItself) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(256));
  agent::v1::Report report = Harness::Report(h.LastSent().generation(), Bytes::MiB(768), Bytes());
  report.mutable_tiers(0)->set_balloon_bytes(Bytes::MiB(700).count());
  report.mutable_tiers(0)->set_shortfall_bytes(Bytes::MiB(68).count());
  report.mutable_tiers(0)->set_state(agent::v1::TierReport::STATE_SHORT);
  h.Say(report);
  h.Say(report);
  EXPECT_EQ(h.Operation(id)->tiers.fmem()->shortfall, Bytes::MiB(68));
  EXPECT_THAT(h.Operation(id)->status_message, HasSubstr("68 MiB"));
  EXPECT_EQ(h.CountEvents(EventKind::kShortfall), 1);
  EXPECT_EQ(h.Tier(TierId::kSmem).target, Bytes::GiB(2));
  EXPECT_EQ(h.Tier(TierId::kFmem).state, GuestTierState::kShort);
  // It gives up a bit, and is short again: no news.
  for (const std::uint64_t shortfall_mib : {0, 40}) {
    report.mutable_tiers(0)->set_balloon_bytes(Bytes::MiB(728).count());
    report.mutable_tiers(0)->set_shortfall_bytes(Bytes::MiB(shortfall_mib).count());
    h.Say(report);
  }
  EXPECT_EQ(h.CountEvents(EventKind::kShortfall), 1);
  EXPECT_EQ(h.CountEvents(EventKind::kShortfallEnded), 0);
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(768), Bytes()));
  h.Measure(Bytes::MiB(256), Bytes());
  EXPECT_EQ(h.CountEvents(EventKind::kShortfallEnded), 1);
  EXPECT_EQ(h.Operation(id)->record.state, State::kSucceeded);
}

TEST(EngineOperations, ATierThatWasNotNamedDoesNotHoldAnOperationUp) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(256));
  const auto second = h.Resize({Harness::To(TierId::kSmem, Bytes::GiB(1))});
  agent::v1::Report report = Harness::Report(h.LastSent().generation(), Bytes::MiB(768), Bytes::GiB(1));
  report.mutable_tiers(0)->set_balloon_bytes(0);
  h.Say(report);
  h.Measure(Bytes::GiB(1), Bytes::MiB(1000));
  EXPECT_EQ(h.Operation((*second)->record.id)->record.state, State::kSucceeded);
}

TEST(EngineOperations, TheDeadlineEndsAnOperationAndTheTargetsStayInForce) {
  Harness h;
  h.BecomeManaged();
  const std::string id = (*h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))}, absl::Seconds(30)))->record.id;
  h.Pass(absl::Seconds(29));
  EXPECT_FALSE(Ended(h.Operation(id)->record.state));
  h.Pass(absl::Seconds(2));
  EXPECT_EQ(h.Operation(id)->record.state, State::kFailed);
  EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(256));
}

TEST(EngineOperations, AJumpOfTheWallClockEndsNothing) {
  Harness h;
  h.BecomeManaged();
  const std::string id = (*h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))}, absl::Seconds(30)))->record.id;
  h.now.wall += absl::Hours(24 * 365);
  h.Pass(absl::Seconds(10));
  EXPECT_FALSE(Ended(h.Operation(id)->record.state));
  h.now.wall -= absl::Hours(24 * 730);
  h.Say(Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  const std::string newer = h.Begin(Bytes::MiB(300));
  EXPECT_GT(newer, id) << "newest first, whatever the clock says";
  EXPECT_EQ(h.Look()->operations->front()->record.id, newer);
  h.Pass(absl::Minutes(50));
  EXPECT_TRUE(h.Look()->FindOperation(id).ok()) << "ended less than an hour ago";
}

TEST(EngineOperations, ShutDownCrashAndUndefineEndTheOperationWithTheReason) {
  for (const auto& [state, reason] :
       {std::pair{DomainState::kShutOff, "shut off"}, std::pair{DomainState::kCrashed, "crashed"}}) {
    Harness h;
    h.BecomeManaged();
    const std::string id = h.Begin(Bytes::MiB(256));
    h.Appear(state);
    EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kAborted);
    EXPECT_THAT(std::string(h.Operation(id)->record.error.message()), HasSubstr(reason));
  }
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(256));
  h.engine->HandleGone(kUuid, h.now);
  EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kAborted);
}

TEST(EngineOperations, ARebootOrALostAgentDoesNotEndAnOperation) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  h.engine->HandleLinkDown(kUuid, "closed", h.now);
  h.engine->HandleReboot(kUuid, h.now);
  h.Pass(absl::Seconds(10));
  EXPECT_EQ(h.Operation(id)->record.state, State::kPending);
  EXPECT_THAT(h.Operation(id)->status_message, HasSubstr("link on org.hypertier.agent.0 is down"));
  h.LinkUp("boot-2");
  h.Say(Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  h.Measure(Bytes::MiB(512), Bytes());
  EXPECT_EQ(h.Operation(id)->record.state, State::kSucceeded);
}

TEST(EngineOperations, AGuestThatRefusesFailsTheOperationInBoundedWordsAndIsNotPestered) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(256));
  const std::uint64_t generation = h.LastSent().generation();
  h.engine->HandleCommandFailed(kUuid, generation - 1, "old news", h.now);
  EXPECT_FALSE(Ended(h.Operation(id)->record.state));
  h.engine->HandleCommandFailed(kUuid, generation, "ERANGE: " + std::string(100000, 'x'), h.now);
  EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(h.Operation(id)->record.error.message()), HasSubstr("ERANGE"));
  EXPECT_LT(h.Operation(id)->record.error.message().size(), 400u);
  const std::size_t sent = h.agents.sent[kUuid].size();
  for (int i = 0; i < 25; ++i) {
    h.Pass(absl::Seconds(1));
    h.Say(Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  }
  EXPECT_EQ(h.agents.sent[kUuid].size(), sent);
}

TEST(EngineOperations, CancelMakesWhatIsReachedTheTarget) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(256));
  const std::uint64_t generation = h.LastSent().generation();
  agent::v1::Report report = Harness::Report(generation, Bytes::MiB(768), Bytes());
  report.mutable_tiers(0)->set_balloon_bytes(Bytes::MiB(300).count() + 100);
  h.Say(report);
  ASSERT_TRUE(h.engine->Cancel("operations/" + id, {}, h.now).ok());
  EXPECT_EQ(h.Operation(id)->record.state, State::kCancelled);
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(724)) << "rounded up to a page: nothing more is taken";
  EXPECT_GT(h.LastSent().generation(), generation);
  EXPECT_EQ(h.ledger.targets[kUuid].targets.fmem(), Bytes::MiB(724));
  EXPECT_EQ(h.ledger.operations[id].state, State::kCancelled);
  EXPECT_EQ(h.Look()->counts.cancelled, 1u);

  const auto again = h.engine->Cancel(id, {}, h.now);
  EXPECT_EQ(again.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(again.status().message()), HasSubstr("cancelled"));
  EXPECT_EQ(h.engine->Cancel("operations/none", {}, h.now).status().code(), absl::StatusCode::kNotFound);
}

TEST(EngineOperations, CancelNeverGivesALyingGuestMoreThanItHadOrWanted) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  const std::string id = h.Begin(Bytes::MiB(600));
  agent::v1::Report report = Harness::Report(h.LastSent().generation(), Bytes::MiB(424), Bytes());
  report.mutable_tiers(0)->set_balloon_bytes(0);
  h.Say(report);
  ASSERT_TRUE(h.engine->Cancel(id, {}, h.now).ok());
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(600));
}

TEST(EngineOperations, ACancellationThatTheLedgerRefusesChangesNothing) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  h.ledger.broken = absl::UnavailableError("locked");
  EXPECT_EQ(h.engine->Cancel(id, {}, h.now).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(Ended(h.Operation(id)->record.state));
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(512));
}

TEST(EngineOperations, RunningOperationsGoOnAfterARestartUnderTheSameGeneration) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  const std::uint64_t generation = h.LastSent().generation();
  h.now.wall += absl::Seconds(5);
  h.now.mono = absl::ZeroDuration();
  h.Restart();
  EXPECT_EQ(h.Operation(id)->record.state, State::kPending);
  h.synced = false;
  h.Appear();
  EXPECT_EQ(h.Vm()->operation, id);
  h.LinkUp();
  h.Say(Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT));
  EXPECT_EQ(h.LastSent().generation(), generation);
  h.Say(Harness::Report(generation, Bytes::MiB(512), Bytes()));
  h.Measure(Bytes::MiB(512), Bytes());
  EXPECT_EQ(h.Operation(id)->record.state, State::kSucceeded);
}

TEST(EngineOperations, AVmThatStoppedWhileHypertierdWasAwayEndsItsOperation) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  h.Restart();
  h.engine->HandleResync({h.Info(DomainState::kShutOff)}, h.now);
  EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kAborted);
  h.Restart();
  EXPECT_TRUE(Ended(h.Operation(id)->record.state));
}

TEST(EngineOperations, AVmThatVanishedWhileHypertierdWasAwayEndsItsOperation) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  h.Restart();
  h.engine->HandleResync({}, h.now);
  EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kAborted);
}

TEST(EngineOperations, TheDeadlineHoldsOverARestart) {
  Harness h;
  h.BecomeManaged();
  const std::string id = (*h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))}, absl::Seconds(30)))->record.id;
  h.now.wall += absl::Minutes(5);
  h.Restart();
  h.synced = false;
  h.Appear();
  h.Pass(absl::Seconds(1));
  EXPECT_EQ(h.Operation(id)->record.error.code(), absl::StatusCode::kDeadlineExceeded);
}

TEST(EngineOperations, AnEndThatTheLedgerCouldNotTakeIsWrittenLater) {
  Harness h;
  h.BecomeManaged();
  const std::string id = h.Begin(Bytes::MiB(512));
  h.ledger.broken = absl::ResourceExhaustedError("disk full");
  h.Say(Harness::Report(h.LastSent().generation(), Bytes::MiB(512), Bytes()));
  h.Measure(Bytes::MiB(512), Bytes());
  EXPECT_EQ(h.Operation(id)->record.state, State::kSucceeded);
  EXPECT_FALSE(Ended(h.ledger.operations[id].state));
  EXPECT_FALSE(h.troubles.empty());
  h.ledger.broken = absl::OkStatus();
  h.Pass(absl::Seconds(2));
  EXPECT_EQ(h.ledger.operations[id].state, State::kSucceeded);
}

TEST(EngineOperations, EndedOperationsAreForgottenAfterAnHourAndBeyondABound) {
  EngineOptions options;
  options.max_ended_operations = 3;
  Harness h(options);
  h.BecomeManaged();
  std::vector<std::string> ids;
  for (std::uint64_t i = 0; i < 6; ++i) ids.push_back(h.Begin(Bytes::MiB(512 + i)));
  h.Pass(absl::Seconds(11));
  EXPECT_EQ(h.Look()->operations->size(), 4u) << "one runs";
  EXPECT_FALSE(h.Look()->FindOperation(ids[0]).ok());
  h.Pass(absl::Minutes(62));
  EXPECT_EQ(h.Look()->operations->size(), 1u) << "it ended by its deadline, minutes ago";
  h.Pass(absl::Hours(1));
  EXPECT_TRUE(h.Look()->operations->empty());
  EXPECT_TRUE(h.ledger.operations.empty());
}

TEST(EngineOperations, ALedgerThatCannotBeReadKeepsHypertierdFromStarting) {
  Harness h;
  h.ledger.broken = absl::DataLossError("damaged");
  EXPECT_FALSE(h.Restart());
}

}  // namespace
}  // namespace hypertier::control
