// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/unique_fd.h"
#include "guest-kmod/hyperplace/hyperplace_uapi.h"

namespace hypertier::agent {

// The calls of guest-kmod/hyperplace/ABI.md. Small, so that tests fake it.
//
// Codes of a refused call: NotFound: no module (with the remedy), or no such process; PermissionDenied: the agent or
// its access to the process; Unimplemented: the kernel lets the module not do this; InvalidArgument: malformed;
// ResourceExhausted: no memory; Aborted: interrupted by a signal.
class Hyperplace {
 public:
  struct Info {
    // HYPERPLACE_EXCHANGE, ..._HUGE, HYPERPLACE_SCAN, ...
    std::uint32_t features = 0;
    // The least of what the module takes in one call and what this agent was built with; never 0.
    std::uint32_t max_pairs = 0;
    std::uint32_t max_processes = 0;
    std::uint32_t max_chunks = 0;
  };

  virtual ~Hyperplace() = default;

  // What the module can do. FailedPrecondition: it speaks another version.
  virtual absl::StatusOr<Info> GetInfo() = 0;

  // HYPERPLACE_IOC_SCAN. When it succeeds, nr_chunks is at most max_chunks, and next lies in (start, end].
  virtual absl::Status Scan(hyperplace_scan& scan) = 0;

  // HYPERPLACE_IOC_EXCHANGE. Success means that it was tried: each pair has its own status.
  virtual absl::Status Exchange(hyperplace_exchange& exchange) = 0;
};

// The module's device. Each call opens it if it is not open, so a module that is loaded late is found by the next call.
// An open device keeps the module loaded: Close() lets go of it. One thread.
class HyperplaceDevice final : public Hyperplace {
 public:
  // `root` goes before every path that is read ("" in production); `path` is the device.
  HyperplaceDevice(std::string root, std::string path) : root_(std::move(root)), path_(std::move(path)) {}

  absl::StatusOr<Info> GetInfo() override;
  absl::Status Scan(hyperplace_scan& scan) override;
  absl::Status Exchange(hyperplace_exchange& exchange) override;

  void Close() { fd_.reset(); }

 private:
  // Opens, and asks for the version once an opening.
  absl::Status EnsureOpen();
  absl::Status Call(unsigned long request, void* argument, const char* name);
  // Why there is no device, and what to do about it.
  std::string Diagnose() const;

  const std::string root_;
  const std::string path_;
  UniqueFd fd_;
  Info info_;
};

}  // namespace hypertier::agent
