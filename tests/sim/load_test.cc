// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "common/text.h"

namespace hypertier::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A scenario with all that it must have; lines are counted from 1.
constexpr std::string_view kLeast = R"([host]
fmem = "100GiB"
smem = "1TiB"
[[tenant]]
name = "acme"
fmem = { reservation = "20%", limit = "50GiB", shares = 2 }
[[group]]
name = "db"
tenant = "acme"
fmem = { cell = "16GiB", reservation = "25%" }
smem = { cell = "32GiB" }
[[group.phase]]
used = "8GiB"
)";

std::string With(std::string_view from, std::string_view to) {
  std::string text(kLeast);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string ErrorOf(const std::string& text) {
  const auto scenario = LoadScenario(text, "s.toml");
  EXPECT_EQ(scenario.status().code(), absl::StatusCode::kInvalidArgument) << text;
  return ToString(scenario.status().message());
}

TEST(LoadScenario, PercentagesAreOfTheHostForTenantsAndOfTheCellForVms) {
  const auto scenario = LoadScenario(kLeast, "s.toml");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  EXPECT_EQ(scenario->tenants[0].policy.fmem().reservation, Bytes::GiB(20));
  EXPECT_EQ(scenario->tenants[0].policy.fmem().limit, Bytes::GiB(50));
  EXPECT_EQ(scenario->tenants[0].policy.smem().limit, Bytes::Max());
  EXPECT_EQ(scenario->groups[0].policy.fmem().reservation, Bytes::GiB(4));
}

TEST(LoadScenario, TakesTheExampleOfTheReadme) {
  std::ifstream file(HYPERTIER_SIM_README);
  std::ostringstream readme;
  readme << file.rdbuf();
  const std::string text = readme.str();
  const std::size_t begin = text.find("```toml\n") + 8;
  const auto scenario = LoadScenario(text.substr(begin, text.find("```\n", begin) - begin), "README.md");
  ASSERT_TRUE(scenario.ok()) << scenario.status();
  // It shows the defaults.
  EXPECT_EQ(scenario->deadline, Scenario().deadline);
  EXPECT_EQ(scenario->overstay_after, Scenario().overstay_after);
  EXPECT_EQ(scenario->seconds, Scenario().seconds);
  EXPECT_EQ(scenario->expect.held.size(), 1U);
}

struct Refusal {
  std::string_view from;
  std::string_view to;
  std::string_view error;
};

class LoadScenarioRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(LoadScenarioRefuses, WithPlaceFieldAndRemedy) {
  EXPECT_THAT(ErrorOf(With(GetParam().from, GetParam().to)), StartsWith(std::string(GetParam().error)));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, LoadScenarioRefuses,
    ::testing::Values(
        Refusal{"[host]", "[hots]", "s.toml:1:1: host: missing; write [host] with the size of each tier"},
        Refusal{"used =", "usde =", "s.toml:13:1: group[0].phase[0].usde: unknown key; did you mean used?"},
        Refusal{"[host]", "[host]\nx = 1", "s.toml:2:1: host.x: unknown key; remove it, or write one of deadline_s"},
        Refusal{"[host]", "seed = 1.5\n[host]", "s.toml:1:8: seed: wrong type; write a whole number from 0"},
        Refusal{"[host]", "policy = \"fair\"\n[host]",
                "s.toml:1:10: policy: no QoS policy \"fair\": one of static, proportional, hotness"},
        Refusal{"[host]", "seconds = 0\n[host]", "s.toml:1:11: seconds: 0 is out of range; write 1 to 1000000"},
        Refusal{"\"100GiB\"", "100", "s.toml:2:8: host.fmem: wrong type; write a size in quotes: \"64GiB\""},
        Refusal{"\"100GiB\"", "\"1 ZiB\"", "s.toml:2:8: host.fmem: \"1 ZiB\" is not a size: unknown unit"},
        Refusal{"\"100GiB\"", "\"90%\"",
                "s.toml:2:8: host.fmem: a percentage, of nothing that is known here; write a size"},
        Refusal{"\"20%\"", "\"120%\"",
                "s.toml:6:24: tenant[0].fmem.reservation: \"120%\" is no percentage; write 0% to 100%"},
        Refusal{"\"50GiB\"", "\"10GiB\"",
                "s.toml:6:24: tenant[0].fmem.reservation: 20 GiB is above the limit of 10 GiB; lower it, or raise"},
        Refusal{"shares = 2", "shares = 0", "s.toml:6:57: tenant[0].fmem.shares: 0 is out of range; write 0.001 to"},
        Refusal{"[[group]]", "[[tenant]]\nname = \"acme\"\n[[group]]",
                "s.toml:8:8: tenant[1].name: there is a tenant acme already; write another name"},
        Refusal{"\"acme\"\nfmem = { cell", "\"umbrella\"\nfmem = { cell",
                "s.toml:9:10: group[0].tenant: no tenant umbrella; write [[tenant]] above"},
        Refusal{"\"25%\"", "\"20GiB\"",
                "s.toml:10:40: group[0].fmem.reservation: 20 GiB is above the cell of 16 GiB; lower it, or enlarge"},
        Refusal{"tenant = \"acme\"", "tenant = \"acme\"\ncount = 0", "s.toml:10:9: group[0].count: 0 is out of range"},
        Refusal{"tenant = \"acme\"", "tenant = \"acme\"\nlies = 1",
                "s.toml:10:8: group[0].lies: wrong type; write true or false"},
        Refusal{"tenant = \"acme\"", "tenant = \"acme\"\nlose = 1.5",
                "s.toml:10:8: group[0].lose: 1.5 is out of range"},
        Refusal{"tenant = \"acme\"", "tenant = \"acme\"\nsilent = { from_s = 9, to_s = 9 }",
                "s.toml:10:31: group[0].silent.to_s: not after from_s; write a later second"},
        Refusal{"\"8GiB\"", "\"49GiB\"",
                "s.toml:13:8: group[0].phase[0].used: 49 GiB is more than both cells have, 48 GiB; lower it"},
        Refusal{"\"8GiB\"", "\"8GiB\"\nhot = \"9GiB\"",
                "s.toml:14:7: group[0].phase[0].hot: 9 GiB is more than the 8 GiB used; lower it"},
        Refusal{"used =", "from_s = 3\nused =", "s.toml:13:10: group[0].phase[0].from_s: what is before it? write 0"},
        Refusal{"[[group.phase]]", "[[group.phase]]\n[[group.phase]]",
                "s.toml:13:1: group[0].phase[1].from_s: not after the phase before; write phases in their order"},
        Refusal{"[[group.phase]]", "[group.phase]",
                "s.toml:12:1: group[0].phase: a single table where a list is wanted; write double"},
        Refusal{"[[group.phase]]\nused = \"8GiB\"", "phase = []",
                "s.toml:12:9: group[0].phase: empty; write at least one, or leave it out"},
        Refusal{"\"100GiB\"", "\"65TiB\"", "s.toml:2:8: host.fmem: more than 64 TiB; write a smaller size"},
        Refusal{"used = \"8GiB\"", "used = \"8GiB\"\n[[expect.held]]\ngroup = \"web\"\nat_s = 1",
                "s.toml:15:9: expect.held[0].group: no group web; write the name of a [[group]]"},
        Refusal{"[host]", "[host", "s.toml:1:6: "}));

TEST(LoadScenario, TellsOfAllErrorsInTheOrderOfTheFile) {
  const std::string error = ErrorOf(With("used = \"8GiB\"", "used = 8\nhot_share = 2"));
  EXPECT_THAT(error, HasSubstr("s.toml:13:8: group[0].phase[0].used: wrong type"));
  EXPECT_THAT(error, HasSubstr("\ns.toml:14:13: group[0].phase[0].hot_share: 2 is out of range"));
}

TEST(LoadScenario, SaysHowToNameAFileThatIsThere) {
  const auto scenario = LoadScenarioFile("/nowhere/s.toml");
  EXPECT_EQ(scenario.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(ToString(scenario.status().message()),
              HasSubstr("/nowhere/s.toml: cannot read the scenario: No such file"));
}

}  // namespace
}  // namespace hypertier::sim
