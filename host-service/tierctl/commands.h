// SPDX-License-Identifier: Apache-2.0
//
// The commands of tierctl. Each returns the exit code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host-service/domain/shape.h"
#include "host-service/tierctl/client.h"

namespace hypertier::tierctl {

int List(const Context& context);
int Get(const Context& context, const std::string& vm);

struct ResizeOptions {
  std::string vm;
  // As written behind --fmem and --smem; empty: leave the tier as it is.
  std::string fmem;
  std::string smem;
  bool wait = true;
  bool dry_run = false;
  // Seconds after which the operation fails; 0: hypertierd's default.
  unsigned timeout_s = 0;
};
int Resize(const Context& context, const ResizeOptions& options);

int ListOperations(const Context& context, const std::string& vm);
// Shows the operation's progress until it has ended.
int WaitOperation(const Context& context, const std::string& operation);
int CancelOperation(const Context& context, const std::string& operation);

// Shows `vms` (all when empty) until the user leaves.
int Watch(const Context& context, const std::vector<std::string>& vms);

// Reads domain XML from `file` ("-": standard input), writes the two-tier one to standard output.
int DomainXml(const std::string& file, const domain::ShapeOptions& options);

// Prints the completion script for bash.
int Completion();

}  // namespace hypertier::tierctl
