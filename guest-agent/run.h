// SPDX-License-Identifier: Apache-2.0
//
// What hypertier-agent's commands do. Each returns the exit status.
#pragma once

#include "guest-agent/command_line.h"

namespace hypertier::agent {

// The agent itself, until SIGTERM or SIGINT.
int Run(CommandLine line);

// Says which sources of accesses work here, and why the others do not.
int Probe(const CommandLine& line);

// Writes what a source says to a file, for `--source replay:FILE`.
int Record(const CommandLine& line);

}  // namespace hypertier::agent
