// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/choose.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "guest-agent/access/fake_perf_kernel.h"

namespace hypertier::agent {
namespace {

using ::testing::HasSubstr;

class FakeDevice final : public Hyperplace {
 public:
  absl::StatusOr<Info> GetInfo() override {
    if (!error.ok()) return error;
    return Info{HYPERPLACE_SCAN, 1, 1, 1};
  }
  absl::Status Scan(hyperplace_scan&) override { return error; }
  absl::Status Exchange(hyperplace_exchange&) override { return error; }
  absl::Status error = absl::OkStatus();
};

class ChooseTest : public ::testing::Test {
 protected:
  ChooseTest() { kernel_.open_errors[0x01cd] = ENOENT; }
  ChosenSource Choose(const std::string& source) {
    options_.source = source;
    auto chosen = ChooseSource(options_, 0.002, device_, kernel_);
    EXPECT_TRUE(chosen.ok()) << chosen.status();
    return chosen.ok() ? *std::move(chosen) : ChosenSource();
  }

  SourceOptions options_;
  FakeDevice device_;
  FakePerfKernel kernel_;
};

TEST_F(ChooseTest, FallsBackToAccessedBitAndSaysWhyNotPebs) {
  const ChosenSource chosen = Choose("auto");
  ASSERT_NE(chosen.source, nullptr);
  EXPECT_EQ(chosen.source->name(), "accessed-bit");
  EXPECT_THAT(chosen.reason, HasSubstr("pebs: no PMU"));
  ASSERT_EQ(chosen.tried.size(), 2u);
  EXPECT_FALSE(chosen.tried[0].works);
  EXPECT_TRUE(chosen.tried[1].works);
}

TEST_F(ChooseTest, NothingIsChosenIfNothingWorksAndEachReasonIsGiven) {
  device_.error = absl::NotFoundError("/dev/hyperplace: the module is not loaded; modprobe hyperplace\n\xff" +
                                      std::string(500, 'x'));
  const ChosenSource chosen = Choose("auto");
  EXPECT_EQ(chosen.source, nullptr);
  for (const SourceTried& tried : chosen.tried) EXPECT_LE(tried.reason.size(), kMaxReason);
  EXPECT_EQ(chosen.reason.size(), kMaxReason);
  EXPECT_THAT(chosen.tried[1].reason, HasSubstr("modprobe hyperplace??"));
}

TEST_F(ChooseTest, AForcedSourceIsTheOnlyOneTried) {
  const ChosenSource pebs = Choose("pebs");
  EXPECT_EQ(pebs.source, nullptr);
  EXPECT_EQ(pebs.tried.size(), 1u);
  EXPECT_NE(Choose("accessed-bit").source, nullptr);
  EXPECT_EQ(Choose("none").source, nullptr);
  EXPECT_THAT(Choose("replay:/nonexistent").reason, HasSubstr("/nonexistent: cannot open"));
}

TEST_F(ChooseTest, RefusesWhatMakesNoSense) {
  options_.source = "magic";
  EXPECT_TRUE(absl::IsInvalidArgument(ChooseSource(options_, 0.002, device_, kernel_).status()));
  options_ = {};
  options_.pebs.load_period = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(ChooseSource(options_, 0.002, device_, kernel_).status()));
}

}  // namespace
}  // namespace hypertier::agent
