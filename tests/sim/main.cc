// SPDX-License-Identifier: Apache-2.0
//
// hypertier-sim: what would become of a host's VMs under the real planner.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fstream>

#include "common/text.h"
#include "tests/sim/load.h"
#include "tests/sim/report.h"
#include "tests/sim/world.h"

namespace {

constexpr int kDone = 0;
constexpr int kUnexpected = 1;
constexpr int kUsage = 2;

constexpr char kFooter[] = R"(
Exit codes: 0 all as the scenario expects; 1 not so, or an invariant was violated; 2 wrong command line or scenario.)";

int Fail(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  return kUsage;
}

bool Write(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  return file.good();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Simulates a host of two-tier VMs, as a scenario describes them, under hypertierd's planner.",
               "hypertier-sim");
  app.footer(kFooter);
  std::string file;
  std::string policy;
  std::string json;
  double seconds = 0;
  app.add_option("scenario", file, "Scenario file; tests/sim/README.md shows one")->required();
  app.add_option("--policy", policy, "Instead of the scenario's")
      ->check(CLI::IsMember({"static", "proportional", "hotness"}));
  app.add_option("--seconds", seconds, "Simulated, instead of the scenario's")->check(CLI::Range(1.0, 1e6));
  app.add_option("--json", json, "Write time lines to FILE, for tests/sim/chart")->type_name("FILE");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kDone : kUsage;
  }

  auto scenario = hypertier::sim::LoadScenarioFile(file);
  if (!scenario.ok()) return Fail(hypertier::ToString(scenario.status().message()));
  // What a scenario expects, it expects of its own policy and time.
  const bool as_written = policy.empty() && seconds == 0;
  if (!policy.empty()) scenario->policy = policy;
  if (seconds > 0) scenario->seconds = seconds;
  if (scenario->seconds < scenario->period) {
    return Fail(fmt::format("--seconds {:g}: less than a period of {:g} s; simulate longer", scenario->seconds,
                            scenario->period));
  }

  const hypertier::sim::Comparison comparison = hypertier::sim::Compare(*scenario);
  fmt::print("{}", hypertier::sim::FormatReport(*scenario, comparison));
  if (!json.empty() && !Write(json, hypertier::sim::FormatJson(*scenario, comparison))) {
    return Fail(fmt::format("{}: cannot write it; name a file in a folder that is writable", json));
  }
  int exit_code = comparison.result.violations > 0 ? kUnexpected : kDone;
  if (!as_written) return exit_code;
  for (const std::string& one : hypertier::sim::Disappointments(*scenario, comparison)) {
    fmt::print("  not as expected        {}\n", one);
    exit_code = kUnexpected;
  }
  return exit_code;
}
