// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace hypertier::daemon {

// Makes sure that one hypertierd works on a ledger: two would set the same VMs' targets against each other. Held until
// destroyed or the process ends, however it ends.
class InstanceLock {
 public:
  // Locks "<ledger>.lock", creating its directory where needed. AlreadyExists: another process holds it. ":memory:"
  // needs no lock.
  static absl::StatusOr<InstanceLock> Take(const std::string& ledger);

  InstanceLock(InstanceLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  InstanceLock& operator=(InstanceLock&&) = delete;
  ~InstanceLock();

 private:
  explicit InstanceLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace hypertier::daemon
