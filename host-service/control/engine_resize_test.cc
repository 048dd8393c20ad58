// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host-service/control/engine_harness.h"

namespace hypertier::control {
namespace {

using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
constexpr absl::StatusCode kRange = absl::StatusCode::kOutOfRange;

TEST(EngineResize, ABadRequestNamesTheFieldAndTheBoundAndChangesNothing) {
  const TierChange no_tier{.tier = std::nullopt, .amount = Bytes::MiB(512)};
  const TierChange no_amount{.tier = TierId::kFmem, .amount = {}};
  struct Case {
    std::vector<TierChange> tiers;
    std::optional<absl::Duration> timeout;
    absl::StatusCode code;
    std::vector<std::string> says;
  };
  const auto fmem = [](Bytes to) { return Harness::To(TierId::kFmem, to); };
  const auto by = [](std::int64_t delta) { return Harness::By(TierId::kFmem, delta); };
  const std::vector<Case> cases = {
      {{}, {}, kInvalid, {"tiers: empty"}},
      {{no_tier}, {}, kInvalid, {"tiers[0].tier", "unspecified"}},
      {{fmem(Bytes::MiB(512)), fmem(Bytes::MiB(256))}, {}, kInvalid, {"tiers[1].tier", "fmem is named twice"}},
      {{fmem(Bytes(4097))}, {}, kInvalid, {"tiers[0].target_bytes", "4097", "multiple of 4096"}},
      {{by(1)}, {}, kInvalid, {"tiers[0].delta_bytes", "multiple of 4096"}},
      {{no_amount}, {}, kInvalid, {"tiers[0]", "no amount"}},
      {{by(-(std::int64_t{2} << 30))}, {}, kInvalid, {"tiers[0].delta_bytes", "takes away more", "1073741824"}},
      {{by(INT64_MIN)}, {}, kInvalid, {"tiers[0].delta_bytes", "takes away more"}},
      {{fmem(Bytes::GiB(2))}, {}, kRange, {"tiers[0].target_bytes", "above the cell", "1073741824"}},
      {{by(4096)}, {}, kRange, {"tiers[0].delta_bytes", "above the cell"}},
      {{by(INT64_MAX / 4096 * 4096)}, {}, kRange, {"above the cell"}},
      {{fmem(Bytes::MiB(32))},
       {},
       kRange,
       {"tiers[0].target_bytes", "below the floor", "67108864", "resize.fmem_floor"}},
      {{fmem(Bytes())}, {}, kRange, {"below the floor"}},
      {{fmem(Bytes::MiB(512)), Harness::To(TierId::kSmem, Bytes::GiB(9))},
       {},
       kRange,
       {"tiers[1]", "smem", "above the cell"}},
      {{fmem(Bytes::MiB(512))}, absl::Seconds(-1), kInvalid, {"timeout"}},
      {{fmem(Bytes::MiB(512))}, absl::Hours(2), kRange, {"timeout", "1h", "resize.timeout_s"}},
  };
  for (const Case& c : cases) {
    Harness h;
    h.BecomeManaged();
    const VmPtr before = h.Vm();
    const int writes = h.ledger.writes;
    const auto result = h.Resize(c.tiers, c.timeout);
    EXPECT_EQ(result.status().code(), c.code) << result.status();
    for (const std::string& word : c.says) EXPECT_THAT(std::string(result.status().message()), HasSubstr(word));
    EXPECT_EQ(h.Vm(), before) << result.status();
    EXPECT_EQ(h.ledger.writes, writes);
    EXPECT_TRUE(h.agents.sent[kUuid].empty());
  }
}

TEST(EngineResize, AnUnknownVmIsNotFoundAndOneThatIsNotManagedSaysWhy) {
  Harness h;
  h.Define();
  h.Appear();
  EXPECT_EQ(
      h.engine->Resize({.vm = "vms/none", .tiers = {}, .timeout = {}, .validate_only = false, .caller = {}}, h.now)
          .status()
          .code(),
      absl::StatusCode::kNotFound);
  const auto waiting = h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))});
  EXPECT_EQ(waiting.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(waiting.status().message()), HasSubstr("no agent answers"));
}

TEST(EngineResize, ValidateOnlyChecksAndChangesNothing) {
  Harness h;
  h.BecomeManaged();
  const VmPtr before = h.Vm();
  ResizeRequest request{.vm = "web1",
                        .tiers = {Harness::To(TierId::kFmem, Bytes::MiB(512))},
                        .timeout = {},
                        .validate_only = true,
                        .caller = {}};
  const auto checked = h.engine->Resize(request, h.now);
  ASSERT_TRUE(checked.ok());
  EXPECT_EQ((*checked)->record.id, "");
  EXPECT_EQ((*checked)->tiers.fmem()->start, Bytes::GiB(1));
  EXPECT_EQ((*checked)->tiers.fmem()->target, Bytes::MiB(512));
  EXPECT_EQ(h.Vm(), before);
  request.tiers = {Harness::To(TierId::kFmem, Bytes::GiB(5))};
  EXPECT_EQ(h.engine->Resize(request, h.now).status().code(), kRange);
}

TEST(EngineResize, TheLedgerKnowsBeforeTheGuestDoes) {
  Harness h;
  h.BecomeManaged();
  h.ledger.broken = absl::ResourceExhaustedError("disk full");
  const VmPtr before = h.Vm();
  const auto refused = h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("nothing was changed"));
  EXPECT_EQ(h.Vm(), before);
  EXPECT_TRUE(h.agents.sent[kUuid].empty());
  h.ledger.broken = absl::OkStatus();
  const std::string id = h.Begin(Bytes::MiB(512));
  EXPECT_EQ(h.ledger.targets[kUuid].targets.fmem(), Bytes::MiB(512));
  EXPECT_EQ(h.ledger.targets[kUuid].generation, h.LastSent().generation());
  EXPECT_TRUE(h.ledger.operations.contains(id));
}

TEST(EngineResize, BothTiersGoInOneCommand) {
  Harness h;
  h.BecomeManaged();
  ASSERT_TRUE(
      h.Resize({Harness::To(TierId::kSmem, Bytes()), Harness::By(TierId::kFmem, -(std::int64_t{256} << 20))}).ok());
  ASSERT_EQ(h.agents.sent[kUuid].size(), 1u);
  EXPECT_EQ(h.LastSent().fmem_balloon_bytes(), Bytes::MiB(256).count());
  EXPECT_EQ(h.LastSent().smem_balloon_bytes(), Bytes::GiB(2).count());
  EXPECT_EQ(h.CountEvents(EventKind::kTargetsSet), 1);
}

TEST(EngineResize, ANewerResizeTakesOverAndLeavesUnnamedTargetsAsTheyAre) {
  Harness h;
  h.BecomeManaged();
  const std::string first = h.Begin(Bytes::MiB(512));
  const std::uint64_t generation = h.LastSent().generation();
  const auto second = h.Resize({Harness::To(TierId::kSmem, Bytes::GiB(1))});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(h.Operation(first)->record.state, OperationRecord::State::kFailed);
  EXPECT_EQ(h.Operation(first)->record.error.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(h.Operation(first)->record.error.message()), HasSubstr((*second)->record.id));
  EXPECT_TRUE(Ended(h.ledger.operations[first].state)) << "in the same transaction";
  EXPECT_GT(h.LastSent().generation(), generation);
  EXPECT_EQ(h.LastSent().fmem_balloon_bytes(), Bytes::MiB(512).count());
  EXPECT_EQ(h.LastSent().smem_balloon_bytes(), Bytes::GiB(1).count());
  EXPECT_EQ(h.Vm()->operation, (*second)->record.id);
}

TEST(EngineResize, DeltasCountFromTheTargetInForceNotFromWhatIsReached) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(512));
  ASSERT_TRUE(h.Resize({Harness::By(TierId::kFmem, std::int64_t{64} << 20)}).ok());
  EXPECT_EQ(h.Tier(TierId::kFmem).target, Bytes::MiB(576));
}

TEST(EngineResize, AGuestsFloorIsHonouredWithinReason) {
  Harness h;
  h.BecomeManaged();
  agent::v1::Report report = Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT);
  report.mutable_tiers(0)->set_floor_bytes(Bytes::MiB(200).count());
  h.Say(report);
  EXPECT_EQ(h.Tier(TierId::kFmem).floor, Bytes::MiB(200));
  const auto refused = h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(100))});
  EXPECT_EQ(refused.status().code(), kRange);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("the guest says"));
  // A lie is worth half the cell at most.
  report.mutable_tiers(0)->set_floor_bytes(UINT64_MAX);
  h.Say(report);
  EXPECT_EQ(h.Tier(TierId::kFmem).floor, Bytes::MiB(512));
  ASSERT_TRUE(h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(512))}).ok());
}

TEST(EngineResize, AGuestsFloorNeverRefusesToGrow) {
  Harness h;
  h.BecomeManaged();
  h.Begin(Bytes::MiB(128));
  agent::v1::Report report = Harness::Report(h.LastSent().generation(), Bytes::MiB(896), Bytes());
  report.mutable_tiers(0)->set_floor_bytes(Bytes::MiB(400).count());
  h.Say(report);
  EXPECT_TRUE(h.Resize({Harness::To(TierId::kFmem, Bytes::MiB(256))}).ok());
}

TEST(EngineResize, MemoryThatTheKernelNeverHadCountsIntoTheFloor) {
  Harness h;
  h.BecomeManaged();
  agent::v1::Report report = Harness::Report(0, Bytes(), Bytes(), agent::v1::Report::SOURCE_BOOT);
  report.mutable_tiers(1)->set_present_bytes((Bytes::GiB(2) - Bytes::MiB(30)).count());
  h.Say(report);
  EXPECT_EQ(h.Tier(TierId::kSmem).floor, Bytes::MiB(30)) << "a balloon cannot hold more than the node has";
}

}  // namespace
}  // namespace hypertier::control
