// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/surveyor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guest-agent/mover/fake_kernel.h"

namespace hypertier::agent {
namespace {

using ranges::Address;
using ranges::kChunk;
using ranges::ProcessId;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;

constexpr ProcessId kId{3};
constexpr pid_t kPid = 33;

class SurveyorTest : public ::testing::TestWithParam<bool> {
 protected:
  SurveyorTest() {
    kernel_.loaded = GetParam();
    // Starts and ends inside chunks.
    targets_.Add({.id = kId,
                  .pid = kPid,
                  .start_time = 1,
                  .command = "x",
                  .mappings = {{kBase + 4096, kBase + 3 * kChunk.count() + 8192},
                               {kBase + 8 * kChunk.count(), kBase + 9 * kChunk.count()}}});
    EXPECT_TRUE(classifier_.SetMappings(now_, kId, targets_.Find(kId)->mappings).ok());
    options_.cpu_clock = [this] { return cpu_ += tick_; };
  }

  void Carry() {
    if (!surveyor_) surveyor_.emplace(kernel_, kernel_, options_);
    surveyor_->SetNodes({0, 1});
    surveyor_->Carry(now_, surveys_, targets_, classifier_);
    EXPECT_TRUE(classifier_.Verify().ok());
  }
  PerTier<Bytes> Believed() const {
    PerTier<Bytes> sum;
    for (const ranges::RangeView& range : classifier_.Ranges()) {
      for (const TierId tier : kTiers) sum[tier] += range.resident[tier];
    }
    return sum;
  }

  FakeKernel kernel_;
  TargetTable targets_;
  ranges::Classifier classifier_ = *ranges::Classifier::Create();
  ranges::Time now_ = ranges::Time(seconds(1000));
  std::vector<ranges::Survey> surveys_{{kId, {kBase, kBase + 16 * kChunk.count()}}};
  std::chrono::nanoseconds cpu_{0};
  std::chrono::nanoseconds tick_{0};
  SurveyorOptions options_;
  std::optional<Surveyor> surveyor_;
};

TEST_P(SurveyorTest, MeasuresWhatIsMapped) {
  kernel_.chunks_a_scan = 1;
  // All around the mappings is memory that is not to be counted.
  for (int n = 0; n < 12; ++n) kernel_.Fill(kPid, kBase + static_cast<Address>(n) * kChunk.count(), n % 3);
  Carry();
  // Chunk 0 without its first page in FMEM, 1 in SMEM, 2 on a third node, 3 with two pages in FMEM, 8 elsewhere.
  EXPECT_EQ(Believed().fmem(), ranges::PagesToBytes(511 + 2));
  EXPECT_EQ(Believed().smem(), ranges::PagesToBytes(512));
  EXPECT_EQ(surveyor_->stats().surveyed, 1u);
  // Freed.
  kernel_.nodes.clear();
  Carry();
  EXPECT_EQ(Believed(), PerTier<Bytes>());
}

TEST_P(SurveyorTest, KeepsToItsShareOfCpu) {
  surveys_.resize(40, surveys_.front());
  tick_ = milliseconds(20);
  for (int i = 0; i < 400; ++i) {
    Carry();
    now_ += milliseconds(250);
  }
  // 100 s at 0.1 %, the burst, and the call that ran over.
  EXPECT_LE(surveyor_->stats().cpu, milliseconds(100 + 500 + 60));
  EXPECT_GE(surveyor_->stats().cpu, milliseconds(500));
}

TEST_P(SurveyorTest, SaysWhichProcessesAreGone) {
  kernel_.gone.insert(kPid);
  surveys_.push_back({ProcessId{99}, {kBase, kBase + kChunk.count()}});
  Carry();
  EXPECT_THAT(surveyor_->TakeGone(), ElementsAre(kPid));
  EXPECT_EQ(surveyor_->stats().failed, 1u);
}

INSTANTIATE_TEST_SUITE_P(WithAndWithoutTheModule, SurveyorTest, ::testing::Bool());

}  // namespace
}  // namespace hypertier::agent
