// SPDX-License-Identifier: Apache-2.0
#include "host-service/ledger/sqlite_ledger.h"

#include <gmock/gmock.h>
#include <sqlite3.h>

#include "common/text.h"
#include "host-service/ledger/test_ledger.h"

namespace hypertier {
namespace {

using test::LedgerDirectory;
using test::Operation;
using test::Targets;
using ::testing::HasSubstr;
using State = OperationRecord::State;

void ExpectSame(const TargetRecord& a, const TargetRecord& b) {
  EXPECT_EQ(a.uuid, b.uuid);
  EXPECT_EQ(a.targets, b.targets);
  EXPECT_EQ(a.generation, b.generation);
  EXPECT_EQ(a.changed, b.changed);
}

void ExpectSame(const OperationRecord& a, const OperationRecord& b) {
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.uuid, b.uuid);
  EXPECT_EQ(a.state, b.state);
  EXPECT_EQ(a.targets, b.targets);
  EXPECT_EQ(a.start, b.start);
  EXPECT_EQ(a.generation, b.generation);
  EXPECT_EQ(a.created, b.created);
  EXPECT_EQ(a.updated, b.updated);
  EXPECT_EQ(a.deadline, b.deadline);
  EXPECT_EQ(a.ended, b.ended);
  EXPECT_EQ(a.error, b.error);
}

const absl::Time kNoon = absl::FromUnixSeconds(1'700'000'000);

TEST(Ledger, KeepsEveryFieldAcrossARestart) {
  const LedgerDirectory directory;
  TargetRecord extreme = Targets(UINT64_MAX, "00000000-0000-0000-0000-000000000001");
  extreme.targets = {Bytes::Max(), Bytes()};
  extreme.changed = absl::InfiniteFuture();
  OperationRecord failed = Operation("a", kNoon);
  failed.state = State::kFailed;
  failed.targets = {std::nullopt, Bytes::Max()};
  failed.deadline = absl::InfiniteFuture();
  failed.ended = absl::InfinitePast();
  failed.error = absl::DeadlineExceededError("the guest did not answer \"in time\"; it's frozen \xc3\xa9");
  const OperationRecord running = Operation("b", kNoon + absl::Nanoseconds(1));
  {
    auto ledger = OpenLedger(directory.path());
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ASSERT_TRUE((*ledger)->SetTargets(extreme, nullptr, nullptr, nullptr).ok());
    ASSERT_TRUE((*ledger)->SetTargets(Targets(8), &running, &failed, nullptr).ok());
  }
  auto ledger = OpenLedger(directory.path());
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  const auto targets = (*ledger)->LoadTargets();
  ASSERT_TRUE(targets.ok()) << targets.status();
  ASSERT_EQ(targets->size(), 2U);
  ExpectSame(targets->at(0), extreme);
  ExpectSame(targets->at(1), Targets(8));
  const auto operations = (*ledger)->LoadOperations();
  ASSERT_TRUE(operations.ok()) << operations.status();
  ASSERT_EQ(operations->size(), 2U);
  ExpectSame(operations->at(0), running);
  ExpectSame(operations->at(1), failed);
}

TEST(Ledger, InMemoryBeginsEmpty) {
  auto ledger = OpenLedger(":memory:");
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  EXPECT_TRUE((*ledger)->LoadTargets()->empty());
  EXPECT_TRUE((*ledger)->LoadOperations()->empty());
}

TEST(Ledger, NeverLetsAGenerationGoBackAndThenChangesNothing) {
  auto ledger = OpenLedger(":memory:");
  const OperationRecord begun = Operation("a", kNoon);
  // Above the range of a signed integer, where SQL's own comparison would be wrong.
  ASSERT_TRUE((*ledger)->SetTargets(Targets(UINT64_MAX), nullptr, nullptr, nullptr).ok());
  const absl::Status status = (*ledger)->SetTargets(Targets(5), &begun, nullptr, nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(ToString(status.message()), HasSubstr("generation 5 is older"));
  EXPECT_TRUE((*ledger)->LoadOperations()->empty());
  EXPECT_TRUE((*ledger)->SetTargets(Targets(UINT64_MAX), nullptr, nullptr, nullptr).ok());
}

TEST(Ledger, UpdatesAnOperationInPlaceAndStoresOneItDoesNotKnow) {
  auto ledger = OpenLedger(":memory:");
  OperationRecord operation = Operation("a", kNoon);
  ASSERT_TRUE((*ledger)->UpdateOperation(operation).ok());
  operation.state = State::kSucceeded;
  operation.ended = kNoon + absl::Seconds(3);
  ASSERT_TRUE((*ledger)->UpdateOperation(operation).ok());
  ASSERT_EQ((*ledger)->LoadOperations()->size(), 1U);
  ExpectSame((*ledger)->LoadOperations()->front(), operation);
}

TEST(Ledger, ForgetsTheTargetsOfAVmAndNothingElse) {
  auto ledger = OpenLedger(":memory:");
  const OperationRecord begun = Operation("a", kNoon);
  ASSERT_TRUE((*ledger)->SetTargets(Targets(9), &begun, nullptr, nullptr).ok());
  ASSERT_TRUE((*ledger)->SetTargets(Targets(3, "other"), nullptr, nullptr, nullptr).ok());
  ASSERT_TRUE((*ledger)->ForgetTargets(test::kUuid).ok());
  ASSERT_TRUE((*ledger)->ForgetTargets("never heard of").ok());
  ASSERT_EQ((*ledger)->LoadTargets()->size(), 1U);
  EXPECT_EQ((*ledger)->LoadTargets()->front().uuid, "other");
  EXPECT_EQ((*ledger)->LoadOperations()->size(), 1U);
  EXPECT_TRUE((*ledger)->SetTargets(Targets(1), nullptr, nullptr, nullptr).ok()) << "a new VM of that UUID begins anew";
}

TEST(Ledger, ForgetsOnlyOperationsThatEndedBefore) {
  auto ledger = OpenLedger(":memory:");
  for (const auto& [id, state, ended] :
       {std::tuple{"old", State::kSucceeded, kNoon - absl::Hours(2)}, std::tuple{"fresh", State::kFailed, kNoon},
        std::tuple{"pending", State::kPending, absl::UnixEpoch()},
        std::tuple{"running", State::kRunning, absl::UnixEpoch()}}) {
    OperationRecord operation = Operation(id, kNoon);
    operation.state = state;
    operation.ended = ended;
    ASSERT_TRUE((*ledger)->UpdateOperation(operation).ok());
  }
  ASSERT_TRUE((*ledger)->ForgetOperations(kNoon).ok());
  const auto operations = (*ledger)->LoadOperations();
  ASSERT_EQ(operations->size(), 3U);
  for (const OperationRecord& operation : *operations) EXPECT_NE(operation.id, "old");
}

TEST(Ledger, SaysThatAnotherProcessHoldsItAndWorksOnOnceItIsReleased) {
  const LedgerDirectory directory;
  auto ledger = OpenLedger(directory.path(), {.busy_timeout = absl::Milliseconds(20)});
  ASSERT_TRUE(ledger.ok()) << ledger.status();
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(directory.path().c_str(), &other), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);

  const absl::Status status = (*ledger)->SetTargets(Targets(1), nullptr, nullptr, nullptr);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(ToString(status.message()), HasSubstr(directory.path()));
  EXPECT_THAT(ToString(status.message()), HasSubstr("another process"));
  EXPECT_EQ((*ledger)->ForgetTargets("x").code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE((*ledger)->Writable());
  EXPECT_TRUE((*ledger)->LoadTargets().ok()) << "readers do not wait for a writer";

  ASSERT_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(other);
  EXPECT_TRUE((*ledger)->SetTargets(Targets(2), nullptr, nullptr, nullptr).ok());
  EXPECT_TRUE((*ledger)->Writable());
  EXPECT_FALSE((*ledger)->SetTargets(Targets(1), nullptr, nullptr, nullptr).ok());
  EXPECT_TRUE((*ledger)->Writable()) << "what was to be written was at fault";
}

}  // namespace
}  // namespace hypertier
