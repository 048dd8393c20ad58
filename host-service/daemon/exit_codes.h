// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace hypertier::daemon {

// How hypertierd ends; `hypertierd --help` lists them.
enum ExitCode {
  kExitOk = 0,
  // Something else failed; the log says what.
  kExitFailure = 1,
  // The command line or the configuration is wrong.
  kExitUsage = 2,
  // Another hypertierd works on the same ledger, or listens on the same address.
  kExitRunning = 3,
  // The ledger cannot be used; it is left as it was.
  kExitLedger = 4,
  // An address cannot be listened on.
  kExitListen = 5,
};

}  // namespace hypertier::daemon
