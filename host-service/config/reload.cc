// SPDX-License-Identifier: Apache-2.0
#include "host-service/config/reload.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <variant>

#include "host-service/config/keys.h"

namespace hypertier {
namespace {

// Sections and keys that parts of hypertierd are made with.
bool NeedsRestart(std::string_view key) {
  constexpr std::array<std::string_view, 10> kMadeWith = {
      "listen.",        "metrics.",       "libvirt.",    "state.",    "agent.report_interval_ms", "residency.period_ms",
      "qos.fmem_nodes", "qos.smem_nodes", "qos.confine", "log.format"};
  return std::any_of(kMadeWith.begin(), kMadeWith.end(),
                     [key](std::string_view name) { return key.starts_with(name); });
}

}  // namespace

Reloaded Reload(Config running, Config wanted) {
  Reloaded reloaded{.config = wanted, .need_restart = {}};
  for (const config::Key& key : config::Keys()) {
    if (!NeedsRestart(key.name)) continue;
    std::visit(
        [&](const auto& kind) {
          if (kind.field(running) == kind.field(wanted)) return;
          reloaded.need_restart.emplace_back(key.name);
          kind.field(reloaded.config) = kind.field(running);
        },
        key.kind);
  }
  // As CheckTogether of load.cc: the new one fits the new interval, which waits.
  Config::Agent& agent = reloaded.config.agent;
  if (agent.stale_after < 2 * agent.report_interval) {
    agent.stale_after = running.agent.stale_after;
    reloaded.need_restart.emplace_back("agent.stale_after_ms");
  }
  return reloaded;
}

}  // namespace hypertier
