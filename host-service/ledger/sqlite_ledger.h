// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host-service/ledger/ledger.h"

namespace hypertier {

struct LedgerOptions {
  // How long a call waits for another process (a backup, an sqlite3 shell) to release the database before it answers
  // Unavailable. Control waits with it, so it is short.
  absl::Duration busy_timeout = absl::Seconds(1);
  // Most pages (of 4 KiB) that the database may take; 0: no bound of our own.
  int max_pages = 0;
};

// Opens or creates the ledger at `path` (":memory:": nothing survives).
//
// A file that is damaged (DataLoss), from a newer hypertierd or from another program (FailedPrecondition) is refused
// and left as it was. PermissionDenied: the directory is missing, or not writable. Afterwards a call may answer
// ResourceExhausted (disk full) or Unavailable (locked): nothing was changed then, and the same call succeeds once the
// cause is gone.
absl::StatusOr<std::unique_ptr<Ledger>> OpenLedger(const std::string& path, const LedgerOptions& options = {});

}  // namespace hypertier
