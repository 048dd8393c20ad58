// SPDX-License-Identifier: Apache-2.0
//
// Every scenario comes out as it says it will.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "tests/sim/load.h"
#include "tests/sim/report.h"
#include "tests/sim/world.h"

namespace hypertier::sim {
namespace {

using ::testing::IsEmpty;

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const auto& file : std::filesystem::directory_iterator(HYPERTIER_SCENARIOS)) {
    if (file.path().extension() == ".toml") names.push_back(file.path().stem());
  }
  std::ranges::sort(names);
  return names;
}

absl::StatusOr<Scenario> Load(const std::string& name) {
  return LoadScenarioFile(std::string(HYPERTIER_SCENARIOS) + "/" + name + ".toml");
}

class ScenarioTest : public ::testing::TestWithParam<std::string> {};

TEST_P(ScenarioTest, ComesOutAsItExpects) {
  const auto scenario = Load(GetParam());
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  ASSERT_TRUE(scenario->expect.violations.has_value()) << "every scenario is to say how many";
  const Comparison comparison = Compare(*scenario);
  EXPECT_THAT(Disappointments(*scenario, comparison), IsEmpty()) << FormatReport(*scenario, comparison);
  // Whatever the policy, promises are kept.
  for (const Result* result : {&comparison.at_static, &comparison.at_proportional}) {
    EXPECT_LE(result->violations, *scenario->expect.violations) << result->policy;
    EXPECT_THAT(result->broken, ::testing::SizeIs(::testing::Le(*scenario->expect.violations))) << result->policy;
  }
}

// Test names have no hyphens.
std::string TestName(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Scenarios, ScenarioTest, ::testing::ValuesIn(Names()), TestName);

TEST(Simulation, EqualScenariosGiveEqualResults) {
  auto scenario = Load("silence-and-loss");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  const auto once = [&] {
    const Comparison comparison = Compare(*scenario);
    return FormatReport(*scenario, comparison) + FormatJson(*scenario, comparison);
  };
  const std::string first = once();
  EXPECT_EQ(first, once());
  // Of another seed other messages get lost.
  ++scenario->seed;
  EXPECT_NE(first, once());
}

}  // namespace
}  // namespace hypertier::sim
