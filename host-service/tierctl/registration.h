// SPDX-License-Identifier: Apache-2.0
//
// The commands as CLI11 knows them: their names, flags and help.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "common/bytes.h"
#include "host-service/tierctl/commands.h"

namespace hypertier::tierctl {

// What all commands share while the command line is parsed. It outlives the CLI::App.
struct Session {
  Context context;
  int exit_code = kOk;
};

// VMs and what they do: list to top.
void AddVmCommands(CLI::App& app, Session& session);
// Who is promised what: host to audit.
void AddQosCommands(CLI::App& app, Session& session);
// What needs no hypertierd.
void AddToolCommands(CLI::App& app, Session& session);

// The argument that names a VM.
void AddVm(CLI::App& app, std::string& vm);

// --reason of what changes something.
void AddReason(CLI::App& app, std::string& reason);

// An option that takes a size and complains in our words.
void AddSize(CLI::App& app, const std::string& flag, const std::string& help, const std::function<void(Bytes)>& set,
             bool required);

// --fmem-reservation to --smem-shares.
void AddTerms(CLI::App& app, TermsFlags& flags);
// --mode and --class.
void AddModeAndClass(CLI::App& app, PolicyFlags& flags);

}  // namespace hypertier::tierctl
