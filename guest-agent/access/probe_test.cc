// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "guest-agent/access/fake_perf_kernel.h"

namespace hypertier::agent {
namespace {

using ::testing::HasSubstr;

class ProbeTest : public ::testing::Test {
 protected:
  // What is in the ring when the event stops: `count` records, all at `address`.
  void Records(int count, std::uint64_t address) {
    kernel_.on_disable = [=](FakePerfKernel& kernel, int fd) {
      for (int i = 0; i < count; ++i) kernel.PutSample(fd, 1, address, 211);
    };
  }
  PebsVerdict Verdict() { return ProbePebs(kernel_, "/nonexistent").checks.front().verdict; }

  FakePerfKernel kernel_;
};

TEST_F(ProbeTest, NamesEachWayInWhichPebsCanBeMissing) {
  Records(0, 0);
  EXPECT_EQ(Verdict(), PebsVerdict::kNoSamples);
  Records(100, 0);
  EXPECT_EQ(Verdict(), PebsVerdict::kNoAddresses);
  Records(100, 0x1000);
  EXPECT_EQ(Verdict(), PebsVerdict::kWrongAddresses);
  const std::pair<int, PebsVerdict> errors[] = {{ENOENT, PebsVerdict::kNoPmu},
                                                {EOPNOTSUPP, PebsVerdict::kNoPebs},
                                                {EACCES, PebsVerdict::kNoPermission},
                                                {E2BIG, PebsVerdict::kOtherError}};
  for (const auto& [error, verdict] : errors) {
    kernel_.open_errors[0x01cd] = error;
    const PebsProbe probe = ProbePebs(kernel_, "/nonexistent");
    EXPECT_EQ(probe.checks.front().verdict, verdict);
    EXPECT_EQ(probe.checks.size(), 1u);
    EXPECT_FALSE(probe.good());
    EXPECT_THAT(probe.Summary(), HasSubstr(PebsVerdictName(verdict)));
  }
  EXPECT_EQ(kernel_.mapped, 0);
}

TEST_F(ProbeTest, AHostThatHidesAdaptivePebsIsToldApart) {
  Records(100, 0);
  const PebsProbe probe = ProbePebs(kernel_, "/nonexistent");
  EXPECT_THAT(probe.checks.front().remedy, HasSubstr("hides adaptive PEBS"));
  EXPECT_EQ(probe.checks.front().without_address, 100u);
}

TEST(PebsProbe, StoresAreOptionalButAllProcessesAreNot) {
  PebsProbe probe;
  EXPECT_FALSE(probe.good());
  for (const char* const what : {"loads", "stores", "all processes"}) {
    probe.checks.emplace_back();
    probe.checks.back().what = what;
    probe.checks.back().verdict = PebsVerdict::kGood;
  }
  probe.checks[1].verdict = PebsVerdict::kNoPmu;
  EXPECT_TRUE(probe.good());
  EXPECT_THAT(probe.Summary(), HasSubstr("loads only"));
  probe.checks[2].verdict = PebsVerdict::kNoPermission;
  EXPECT_FALSE(probe.good());
}

}  // namespace
}  // namespace hypertier::agent
