// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "common/log_fields.h"
#include "host-service/control/vm.h"
#include "host-service/ledger/ledger.h"

namespace hypertier::daemon {

// Writes what happens to the log, each with what it is about; of each VM at most so many lines a minute: what a guest
// does to us must not fill the host's disk. Control's thread only.
class EventLog {
 public:
  static constexpr int kMostPerMinute = 30;

  void Note(const control::Vm& vm, const control::VmEvent& event);
  // A resize that has begun or ended; `vm` may be null.
  void Operation(const control::Vm* vm, const OperationRecord& operation);
  void Connection(bool connected, const std::string& detail);
  // What could not be done; `vm` may be null.
  void Trouble(const control::Vm* vm, const std::string& what, const absl::Status& status);

  // Whether a line may be written, and what else is to be said.
  struct Admission {
    bool write = false;
    // This one is the first of its minute that is left out.
    bool full = false;
    // So many were left out in the minute before.
    std::uint64_t left_out = 0;
  };
  // One more line about `key` at `now`.
  Admission Admit(const std::string& key, absl::Duration now);

 private:
  struct Minute {
    absl::Duration begin = -absl::InfiniteDuration();
    std::uint64_t lines = 0;
  };

  // The same, and says what is left out in the log, as about `fields`.
  bool Admit(const std::string& key, const LogFields& fields);

  absl::flat_hash_map<std::string, Minute> minutes_;
};

}  // namespace hypertier::daemon
