// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "common/unique_fd.h"
#include "guest-agent/hyperflex/snapshot.h"

namespace hypertier::agent {

// The balloons of this guest, as /dev/hyperflex offers them. Each call opens the device if it is not open, so a module
// that comes late or comes back is found by the next call; a device that has gone is closed.
class HyperflexDevice {
 public:
  // `root` goes before every path that is read ("" in production); `path` is the device.
  HyperflexDevice(std::string root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}

  absl::StatusOr<Snapshot> Read();

  // New balloon sizes; an absent one is left as it is. The module answers at once and moves memory by itself.
  absl::Status Set(std::uint64_t generation, const PerTier<std::optional<Bytes>>& balloons);

  absl::Status Rediscard();

  // -1 while the device is not open. Becomes readable when anything but free bytes has changed since the last Read().
  int fd() const { return fd_.get(); }

  // How often the device has been opened: fd() is a new one when this has grown.
  std::uint64_t opens() const { return opens_; }

 private:
  absl::Status EnsureOpen();
  absl::Status Command(const std::string& command);
  absl::Status Unavailable(int error, const char* tried) const;
  // Why there is no device, and what to do about it.
  std::string Diagnose() const;

  const std::string root_;
  const std::string path_;
  UniqueFd fd_;
  std::uint64_t opens_ = 0;
};

}  // namespace hypertier::agent
