// SPDX-License-Identifier: Apache-2.0
//
// hypertier-agent, the part of HyperTier that runs in a VM.
#include "guest-agent/run.h"
#include "guest-agent/system/log.h"

int main(int argc, char** argv) {
  using namespace hypertier::agent;
  int exit_status = 0;
  std::optional<CommandLine> line = ParseCommandLine(argc, argv, exit_status);
  if (!line) return exit_status;
  LogToStderr(line->log_level, line->log_format);
  switch (line->command) {
    case CommandLine::Command::kProbe:
      return Probe(*line);
    case CommandLine::Command::kRecord:
      return Record(*line);
    case CommandLine::Command::kRun:
      break;
  }
  return Run(std::move(*line));
}
