// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "tests/sim/report.h"

namespace hypertier::sim {
namespace {

// "" if it is as expected.
std::string CheckHeld(const Scenario& scenario, const Result& result, const Expect::Held& expect) {
  const auto group = std::ranges::find(scenario.groups, expect.group, &Group::name);
  const std::vector<Moment>& line = result.groups[static_cast<std::size_t>(group - scenario.groups.begin())].line;
  // The last period is the one that ends with the scenario.
  const std::size_t period = std::min(static_cast<std::size_t>(expect.at / scenario.period), line.size() - 1);
  const Bytes held(line[period].tiers[expect.tier].held.count() / group->count);
  const bool much = expect.most && held > *expect.most;
  const bool little = expect.least && held < *expect.least;
  if (!much && !little) return "";
  return fmt::format("{} of {} holds {} at {:g} s, where {} {} is expected", TierName(expect.tier), expect.group,
                     FormatBytes(held), expect.at, much ? "at most" : "at least",
                     FormatBytes(much ? *expect.most : *expect.least));
}

}  // namespace

std::vector<std::string> Disappointments(const Scenario& scenario, const Comparison& comparison) {
  const Expect& expect = scenario.expect;
  const Result& result = comparison.result;
  std::vector<std::string> found;
  if (expect.violations && result.violations > *expect.violations) {
    found.push_back(fmt::format("{} periods with a violated invariant, where {} are expected; {}", result.violations,
                                *expect.violations, result.broken.front()));
  }
  if (expect.max_unmet_seconds && result.longest_unmet() > *expect.max_unmet_seconds) {
    found.push_back(fmt::format("a wanted reservation went unmet for {:g} s, where {:g} s are expected at the most",
                                result.longest_unmet(), *expect.max_unmet_seconds));
  }
  const auto gain = [&](const std::optional<double>& least, double is, std::string_view peer) {
    if (least && is < *least) {
      found.push_back(fmt::format("a gain of {:.3f} over {}, where {:.3f} is expected", is, peer, *least));
    }
  };
  gain(expect.min_gain_over_proportional, comparison.gain_over_proportional(), "proportional");
  gain(expect.min_gain_over_static, comparison.gain_over_static(), "static");
  if (expect.max_moved_after_convergence && result.moved_after_convergence > *expect.max_moved_after_convergence) {
    found.push_back(fmt::format("{} moved from {:g} s on, where {} is expected at the most",
                                FormatBytes(result.moved_after_convergence), expect.converged_after,
                                FormatBytes(*expect.max_moved_after_convergence)));
  }
  for (const Expect::Held& held : expect.held) {
    if (std::string one = CheckHeld(scenario, result, held); !one.empty()) found.push_back(std::move(one));
  }
  return found;
}

}  // namespace hypertier::sim
