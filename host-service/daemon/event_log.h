// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "host-service/control/vm.h"

namespace hypertier::daemon {

// Writes VMs' events to the log, at most so many a minute for each VM: what a guest does to us must not fill the host's
// disk. Control's thread only.
class EventLog {
 public:
  static constexpr int kMostPerMinute = 30;

  void Note(const control::Vm& vm, const control::VmEvent& event);
  void Connection(bool connected, const std::string& detail);
  void Trouble(const std::string& what, const absl::Status& status);

  // Whether a line about `key` may be written at `now`; at most kMostPerMinute in each minute.
  bool Admit(const std::string& key, absl::Duration now);

 private:
  struct Minute {
    absl::Duration begin = -absl::InfiniteDuration();
    int lines = 0;
  };
  absl::flat_hash_map<std::string, Minute> minutes_;
};

}  // namespace hypertier::daemon
