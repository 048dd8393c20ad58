// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <optional>
#include <string>

#include "common/bytes.h"
#include "guest-agent/agent.h"
#include "guest-agent/placement/placement.h"
#include "guest-agent/system/log.h"

namespace hypertier::agent {

struct CommandLine {
  enum class Command { kRun, kProbe, kRecord };

  Command command = Command::kRun;
  AgentOptions agent;
  PlacementOptions placement;
  spdlog::level::level_enum log_level = spdlog::level::info;
  LogFormat log_format = LogFormat::kText;
  // One line of JSON about placement this often; 0: never.
  std::chrono::seconds placement_log{0};
  // Where Prometheus reads /metrics; empty: nowhere.
  std::string metrics;
  // Of record.
  std::string output;
  std::chrono::seconds duration{60};
  Bytes most = Bytes::MiB(256);
};

// Exit status of wrong use.
inline constexpr int kExitUsage = 2;

// Nothing when the process is to exit at once with `exit_status`, and what there was to say has been said.
std::optional<CommandLine> ParseCommandLine(int argc, char** argv, int& exit_status);

}  // namespace hypertier::agent
