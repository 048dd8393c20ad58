// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/mover.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "guest-agent/mover/fake_kernel.h"

namespace hypertier::agent {
namespace {

using ranges::Address;
using ranges::ChunkPart;
using ranges::kChunk;
using ranges::Plan;
using ranges::ProcessId;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::Contains;
using ::testing::Each;
using ::testing::IsEmpty;

constexpr pid_t kHot = 10;
constexpr pid_t kCold = 20;

// One process whose memory is hot and in SMEM, one whose is cold and in FMEM; the classifier knows where all is.
class MoverTest : public ::testing::Test {
 protected:
  MoverTest() {
    options_.pressure_path = "/nonexistent";
    options_.cpu_clock = [this] { return cpu_ += tick_; };
    Map(kHot);
    Map(kCold);
  }

  void Map(pid_t pid) {
    const ProcessId id{static_cast<std::uint64_t>(pid)};
    targets_.Add({.id = id, .pid = pid, .start_time = 1, .command = "x", .mappings = {{kBase, kBase + (1 << 30)}}});
    ASSERT_TRUE(classifier_.SetMappings(now_, id, targets_.Find(id)->mappings).ok());
  }

  // Chunk `n` of a process, filled on its node.
  Address Chunk(pid_t pid, int n, std::size_t count = 512, bool huge = false) {
    const Address chunk = kBase + static_cast<Address>(n) * kChunk.count();
    kernel_.Fill(pid, chunk, pid == kHot ? 1 : 0, count, huge);
    return chunk;
  }
  static ChunkPart Part(pid_t pid, int n) {
    return {ProcessId{static_cast<std::uint64_t>(pid)}, kBase + static_cast<Address>(n) * kChunk.count(), kChunk};
  }
  void PlanExchange(int hot, int cold, Bytes amount = kChunk) {
    plan_.exchanges.push_back({Part(kHot, hot), Part(kCold, cold), amount});
  }

  void PlanExchangesOfHugePages(int count) {
    for (int n = 0; n < count; ++n) {
      Chunk(kHot, n, 512, true);
      Chunk(kCold, n, 512, true);
      PlanExchange(n, n);
    }
  }

  // With what the kernel has told to the classifier first, as surveys would.
  void Carry() {
    if (!mover_) {
      mover_.emplace(kernel_, kernel_, options_);
      mover_->SetNodes({0, 1});
      TellResidency();
    }
    mover_->Carry(now_, plan_, targets_, classifier_);
    now_ += milliseconds(250);
    EXPECT_TRUE(classifier_.Verify().ok());
  }
  void TellResidency() {
    for (const auto& [id, target] : targets_.all()) {
      std::vector<ranges::ChunkResidency> chunks;
      for (int n = 0; n < 512; ++n) {
        const Address chunk = kBase + static_cast<Address>(n) * kChunk.count();
        const std::size_t fast = kernel_.CountOn(target.pid, chunk, 0);
        const std::size_t slow = kernel_.CountOn(target.pid, chunk, 1);
        if (fast + slow > 0) chunks.push_back({chunk, {ranges::PagesToBytes(fast), ranges::PagesToBytes(slow)}});
      }
      ASSERT_TRUE(classifier_.SetResidency(now_, id, {kBase, kBase + (1 << 30)}, chunks).ok());
    }
  }

  // The classifier believes what the kernel has.
  void ExpectInStep() {
    PerTier<Bytes> believed;
    for (const ranges::RangeView& range : classifier_.Ranges()) {
      for (const TierId tier : kTiers) believed[tier] += range.resident[tier];
    }
    PerTier<Bytes> real;
    for (const auto& [page, node] : kernel_.nodes) real[node == 0 ? TierId::kFmem : TierId::kSmem] += kPage;
    EXPECT_EQ(believed.fmem(), real.fmem());
    EXPECT_EQ(believed.smem(), real.smem());
  }
  const MoverStats& stats() { return mover_->stats(); }

  FakeKernel kernel_;
  TargetTable targets_;
  ranges::Classifier classifier_ = *ranges::Classifier::Create();
  ranges::Time now_ = ranges::Time(std::chrono::hours(1));
  std::chrono::nanoseconds cpu_{0};
  std::chrono::nanoseconds tick_{0};
  MoverOptions options_;
  std::optional<Mover> mover_;
  Plan plan_;
};

TEST_F(MoverTest, ExchangesSmallPagesInFullBatches) {
  for (int n = 0; n < 4; ++n) {
    Chunk(kHot, n, 256);
    Chunk(kCold, n, 256);
    PlanExchange(n, n, Bytes::MiB(1));
  }
  Carry();
  EXPECT_EQ(kernel_.exchange_calls, 2u);
  EXPECT_EQ(kernel_.largest_batch, 512u);
  EXPECT_EQ(stats().exchanged, Bytes::MiB(4));
  EXPECT_EQ(stats().flushes, 2u);
  EXPECT_EQ(stats().refused_pages(), 0u);
  for (int n = 0; n < 4; ++n) EXPECT_EQ(kernel_.CountOn(kHot, Part(kHot, n).address, 0), 256u);
  ExpectInStep();
}

TEST_F(MoverTest, ExchangesHugePagesWhole) {
  for (int n = 0; n < 3; ++n) {
    Chunk(kHot, n, 512, true);
    Chunk(kCold, n, 512, true);
    PlanExchange(n, n);
  }
  Carry();
  EXPECT_EQ(kernel_.exchange_calls, 1u);
  EXPECT_EQ(kernel_.largest_batch, 3u);
  EXPECT_EQ(stats().exchanged, Bytes::MiB(6));
  ExpectInStep();
}

TEST_F(MoverTest, APlanThatMovesNothingCostsNothing) {
  tick_ = milliseconds(1);
  plan_.surveys.push_back({});
  Carry();
  EXPECT_EQ(cpu_.count(), 0);
  EXPECT_EQ(kernel_.info_calls, 0u);
}

TEST_F(MoverTest, WaitsForTheNodesToBeKnown) {
  Chunk(kHot, 0);
  Chunk(kCold, 0);
  PlanExchange(0, 0);
  mover_.emplace(kernel_, kernel_, options_);
  mover_->Carry(now_, plan_, targets_, classifier_);
  mover_->SetNodes({1, 1});
  mover_->Carry(now_, plan_, targets_, classifier_);
  EXPECT_EQ(kernel_.queries, 0u);
}

TEST_F(MoverTest, MixedSizesGoThroughSmem) {
  Chunk(kHot, 0, 512, true);
  Chunk(kCold, 0, 256);
  Chunk(kCold, 1, 256);
  PlanExchange(0, 0, Bytes::MiB(1));
  PlanExchange(0, 1, Bytes::MiB(1));
  Carry();
  EXPECT_EQ(kernel_.exchange_calls, 0u);
  EXPECT_EQ(kernel_.CountOn(kHot, kBase, 0), 512u);
  EXPECT_EQ(kernel_.CountOn(kCold, kBase, 1), 256u);
  EXPECT_EQ(kernel_.fmem_free, 0u);
  EXPECT_EQ(stats().exchanged, Bytes::MiB(2));
  EXPECT_EQ(stats().demoted, Bytes());
  ExpectInStep();
}

TEST_F(MoverTest, WithoutTheModuleEverythingGoesThroughSmem) {
  kernel_.loaded = false;
  for (int n = 0; n < 3; ++n) {
    Chunk(kHot, n, 512, n == 1);
    Chunk(kCold, n, 512, n == 2);
    PlanExchange(n, n);
  }
  Carry();
  EXPECT_EQ(stats().exchanged, Bytes::MiB(6));
  EXPECT_EQ(kernel_.fmem_free, 0u);
  ExpectInStep();
  // It is not looked for with every plan.
  Carry();
  EXPECT_EQ(kernel_.info_calls, 1u);
  now_ += seconds(10);
  Carry();
  EXPECT_EQ(kernel_.info_calls, 2u);
}

TEST_F(MoverTest, DoesNotExchangeThroughAFullSmem) {
  kernel_.loaded = false;
  Chunk(kHot, 0);
  Chunk(kCold, 0);
  PlanExchange(0, 0);
  mover_.emplace(kernel_, kernel_, options_);
  mover_->SetNodes({0, 1});
  mover_->SetFreeSmem(Bytes::MiB(33));
  Carry();
  EXPECT_EQ(kernel_.moves, 0u);
  EXPECT_EQ(kernel_.queries, 0u);
  mover_->SetFreeSmem(Bytes::MiB(34));
  TellResidency();
  Carry();
  EXPECT_EQ(stats().exchanged, Bytes::MiB(2));
}

TEST_F(MoverTest, EachStatusHasItsRemedy) {
  const struct {
    hyperplace_status status;
    bool moved_by_pages;
    bool deferred;
  } cases[] = {
      {HYPERPLACE_PINNED, false, true},   {HYPERPLACE_BUSY, false, true},       {HYPERPLACE_POLICY, false, true},
      {HYPERPLACE_SHARED, false, true},   {HYPERPLACE_SPECIAL, false, true},    {HYPERPLACE_MLOCKED, true, false},
      {HYPERPLACE_NOT_ANON, true, false}, {HYPERPLACE_NOTIFIED, true, false},   {HYPERPLACE_SIZE, true, false},
      {HYPERPLACE_CHANGED, false, false}, {HYPERPLACE_WRONG_NODE, false, false}};
  int n = 0;
  for (const auto& c : cases) {
    plan_ = {};
    const Address hot = Chunk(kHot, n);
    Chunk(kCold, n);
    PlanExchange(n, n);
    kernel_.refused_exchanges[{kHot, hot + 7 * 4096}] = static_cast<std::uint8_t>(c.status);
    ++n;
    TellResidency();
    const MoverStats before = mover_ ? stats() : MoverStats{};
    Carry();
    const std::size_t deferred = classifier_.stats().deferred;
    EXPECT_EQ(stats().exchanged - before.exchanged, c.moved_by_pages ? kChunk : kChunk - kPage) << c.status;
    EXPECT_EQ(stats().refused_exchanges[c.status], 1u) << c.status;
    EXPECT_EQ(stats().refused_pages() - before.refused_pages(), 1u);
    EXPECT_EQ(deferred, c.deferred ? 1u : 0u) << c.status;
    // Deferring ends.
    now_ += seconds(11);
    (void)classifier_.MakePlan(now_);
    ExpectInStep();
  }
}

TEST_F(MoverTest, AnUnknownStatusIsARefusal) {
  const Address hot = Chunk(kHot, 0);
  Chunk(kCold, 0);
  PlanExchange(0, 0);
  kernel_.refused_exchanges[{kHot, hot}] = 200;
  Carry();
  EXPECT_EQ(stats().refused_exchanges.back(), 1u);
  EXPECT_EQ(classifier_.stats().deferred, 1u);
}

TEST_F(MoverTest, ForgetsAProcessThatIsGone) {
  for (int n = 0; n < 4; ++n) {
    Chunk(kHot, n);
    Chunk(kCold, n);
    PlanExchange(n, n);
  }
  kernel_.gone.insert(kHot);
  Carry();
  EXPECT_EQ(stats().exchanged, Bytes());
  EXPECT_THAT(mover_->TakeGone(), Contains(kHot));
  EXPECT_THAT(mover_->TakeGone(), IsEmpty());
  EXPECT_THAT(stats().refused_exchanges, Each(0));
  // One that is no target any more is passed over.
  targets_.Remove(ProcessId{kHot});
  Carry();
  EXPECT_THAT(mover_->TakeGone(), IsEmpty());
}

TEST_F(MoverTest, AModuleThatRefusesCallsIsLeftAloneForAWhile) {
  Chunk(kHot, 0);
  Chunk(kCold, 0);
  PlanExchange(0, 0);
  kernel_.exchange_fails = true;
  Carry();
  EXPECT_EQ(kernel_.exchange_calls, 1u);
  EXPECT_EQ(stats().exchanged, Bytes());
  Carry();
  EXPECT_EQ(kernel_.exchange_calls, 1u);
  EXPECT_EQ(stats().exchanged, kChunk);
  ExpectInStep();
}

TEST_F(MoverTest, CorrectsAPlanMadeOfWhatIsNoLongerSo) {
  Chunk(kHot, 0);
  Chunk(kCold, 0);
  PlanExchange(0, 0);
  mover_.emplace(kernel_, kernel_, options_);
  mover_->SetNodes({0, 1});
  TellResidency();
  // Somebody else moved it.
  kernel_.Fill(kHot, kBase, 0);
  Carry();
  EXPECT_EQ(stats().exchanged, Bytes());
  ExpectInStep();
}

TEST_F(MoverTest, DemotesFirstAndPromotesIntoWhatIsFree) {
  Chunk(kHot, 0);
  Chunk(kHot, 1, 512, true);
  Chunk(kCold, 0);
  Chunk(kCold, 1, 512, true);
  plan_.promotions = {{Part(kHot, 0), kChunk}, {Part(kHot, 1), kChunk}};
  plan_.demotions = {{Part(kCold, 0), Bytes::KiB(512)}, {Part(kCold, 1), Bytes::KiB(4)}};
  Carry();
  // Of a huge page all moves; FMEM then has 2.5 MiB, so one promotion.
  EXPECT_EQ(stats().demoted, Bytes::KiB(2560));
  EXPECT_EQ(stats().promoted, Bytes::MiB(2));
  EXPECT_EQ(stats().refused_moves[static_cast<std::size_t>(MoveResult::kNoMemory)], 512u);
  EXPECT_EQ(classifier_.stats().deferred, 0u);
  ExpectInStep();
}

TEST_F(MoverTest, UnderPressureOnlyMakesRoom) {
  char path[] = "/tmp/hypertier-agent-XXXXXX";
  close(mkstemp(path));
  std::ofstream(path) << "some avg10=50.00 avg60=0.00 avg300=0.00 total=1\n";
  options_.pressure_path = path;
  Chunk(kHot, 0);
  Chunk(kCold, 0);
  Chunk(kCold, 1);
  PlanExchange(0, 0);
  plan_.promotions = {{Part(kHot, 0), kChunk}};
  plan_.demotions = {{Part(kCold, 1), kChunk}};
  Carry();
  EXPECT_EQ(stats().demoted, kChunk);
  EXPECT_EQ(stats().exchanged + stats().promoted, Bytes());
  EXPECT_EQ(stats().paused, 1u);
  std::filesystem::remove(path);
}

TEST_F(MoverTest, TellsTheTruthAboutHugePagesNobodyToldOf) {
  kernel_.loaded = false;
  Chunk(kCold, 0, 512, true);
  plan_.demotions = {{Part(kCold, 0), Bytes::KiB(40)}};
  Carry();
  EXPECT_EQ(stats().demoted, kChunk);
  EXPECT_EQ(stats().refused_pages(), 0u);
  EXPECT_EQ(classifier_.stats().deferred, 0u);
  ExpectInStep();
}

TEST_F(MoverTest, PagesThatCannotMoveAreLeftAlone) {
  const Address cold = Chunk(kCold, 0);
  kernel_.refused_moves[{kCold, cold}] = MoveResult::kShared;
  plan_.demotions = {{Part(kCold, 0), kChunk}};
  Carry();
  EXPECT_EQ(stats().demoted, kChunk - kPage);
  EXPECT_EQ(stats().refused_moves[static_cast<std::size_t>(MoveResult::kShared)], 1u);
  EXPECT_EQ(classifier_.stats().deferred, 1u);
  ExpectInStep();
}

TEST_F(MoverTest, KeepsToItsRate) {
  options_.per_second = Bytes::MiB(8);
  options_.burst = Bytes::MiB(8);
  PlanExchangesOfHugePages(100);
  Carry();
  EXPECT_EQ(stats().exchanged, Bytes::MiB(4));
  EXPECT_EQ(stats().held_back, 1u);
  for (int i = 0; i < 40; ++i) {
    plan_.exchanges.erase(plan_.exchanges.begin(), plan_.exchanges.begin() + 1);
    Carry();
  }
  EXPECT_GE(stats().exchanged, Bytes::MiB(36));
  EXPECT_LE(stats().exchanged, Bytes::MiB(48));
}

TEST_F(MoverTest, KeepsToARateThatIsSetLater) {
  options_.per_second = options_.burst = Bytes::GiB(1);
  Carry();
  mover_->LimitRate(Bytes::MiB(8));
  PlanExchangesOfHugePages(100);
  Carry();
  EXPECT_EQ(stats().exchanged, Bytes::MiB(4));
}

TEST_F(MoverTest, WhatTheHostWaitsForIsHeldUpByNoLimitButThatOfACall) {
  options_.per_second = options_.burst = Bytes::MiB(2);
  options_.share_of_cpu = 0.001;
  options_.cpu_burst = milliseconds(20);
  tick_ = milliseconds(1);
  for (int n = 0; n < 200; ++n) {
    Chunk(kCold, n, 512, true);
    plan_.demotions.push_back({Part(kCold, n), kChunk});
  }
  Chunk(kHot, 200, 512, true);
  Chunk(kCold, 201, 512, true);
  PlanExchange(200, 201);
  Carry();
  EXPECT_LE(stats().demoted, Bytes::MiB(4));
  mover_->SetUrgent(true);
  Carry();
  EXPECT_GE(stats().demoted, Bytes::MiB(40));
  EXPECT_EQ(stats().exchanged, Bytes());
  // As long as any call.
  EXPECT_LE(stats().cpu, milliseconds(20 + 60));
}

TEST_F(MoverTest, PromotesOnlyWhatFmemHasRoomForAtThatTime) {
  Bytes room = Bytes::MiB(5);
  kernel_.fmem_free = 1 << 20;
  for (int n = 0; n < 4; ++n) {
    Chunk(kHot, n, 512, n == 0);
    plan_.promotions.push_back({Part(kHot, n), kChunk});
  }
  mover_.emplace(kernel_, kernel_, options_);
  mover_->SetNodes({0, 1});
  mover_->SetFmemRoom([&](ranges::Time) { return std::exchange(room, room - kChunk); });
  TellResidency();
  Carry();
  EXPECT_EQ(stats().promoted, Bytes::MiB(4));
  EXPECT_EQ(stats().held_back, 1u);
  // Through SMEM as well: what was demoted made room, and somebody else has taken it.
  kernel_.loaded = false;
  plan_ = {};
  Chunk(kCold, 8, 512);
  TellResidency();
  PlanExchange(3, 8);
  room = Bytes::MiB(1);
  Carry();
  EXPECT_EQ(stats().exchanged, Bytes());
  EXPECT_EQ(stats().promoted, Bytes::MiB(4));
  ExpectInStep();
}

TEST_F(MoverTest, NeitherDemotionsNorExchangesWaitForEverForTheOther) {
  // A call has time for one thing.
  tick_ = milliseconds(20);
  for (int n = 0; n < 20; ++n) {
    Chunk(kHot, n, 512, true);
    Chunk(kCold, n, 512, true);
    Chunk(kCold, 100 + n, 512, true);
  }
  for (int i = 0; i < 10; ++i) {
    plan_ = {};
    for (int n = i; n < 20; ++n) {
      PlanExchange(n, n);
      plan_.demotions.push_back({Part(kCold, 100 + n), kChunk});
    }
    Carry();
  }
  EXPECT_GE(stats().exchanged, Bytes::MiB(8));
  EXPECT_GE(stats().demoted, Bytes::MiB(8));
}

TEST_F(MoverTest, KeepsToItsShareOfCpuAndToShortCalls) {
  options_.share_of_cpu = 0.01;
  options_.cpu_burst = milliseconds(100);
  options_.per_second = Bytes::GiB(100);
  options_.burst = Bytes::GiB(100);
  tick_ = milliseconds(10);
  for (int n = 0; n < 500; ++n) {
    Chunk(kHot, n, 1);
    Chunk(kCold, n, 1);
    PlanExchange(n, n, kPage);
  }
  Carry();
  EXPECT_LE(stats().cpu, milliseconds(90));
  for (int i = 0; i < 400; ++i) Carry();
  // 100 s at 1 %, and the burst.
  EXPECT_LE(stats().cpu, milliseconds(1200 + 100));
  EXPECT_GE(stats().cpu, milliseconds(900));
}

TEST(RemedyOf, FollowsTheModulesDocument) {
  EXPECT_EQ(RemedyOf(HYPERPLACE_OK), Remedy::kNone);
  EXPECT_EQ(RemedyOf(HYPERPLACE_NO_PROCESS), Remedy::kForget);
  EXPECT_EQ(RemedyOf(HYPERPLACE_POLICY), Remedy::kDefer);
  EXPECT_EQ(RemedyOf(HYPERPLACE_KSM), Remedy::kMovePages);
  EXPECT_EQ(RemedyOf(1000), Remedy::kDefer);
}

}  // namespace
}  // namespace hypertier::agent
