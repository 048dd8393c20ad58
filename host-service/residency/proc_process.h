// SPDX-License-Identifier: Apache-2.0
//
// Reads /proc and libvirt's pid files below an injected root. No descriptor of a process's files is ever opened: it
// would keep the guest's memory alive after the VM has gone.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "host-service/residency/guest_memory.h"

namespace hypertier {

// A process of the past and another of the same number differ in start time.
struct ProcessId {
  pid_t pid = 0;
  // In clock ticks since boot.
  std::uint64_t start_time = 0;

  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

class ProcProcesses {
 public:
  // `root` is "" for the real system.
  explicit ProcProcesses(std::string root) : root_(std::move(root)) {}

  // The process named by the pid file, provided that `uuid` is on its command line. NotFound otherwise.
  absl::StatusOr<ProcessId> FindQemu(const std::string& pid_file, const std::string& uuid) const;

  // NotFound when the process has gone (or its number has been taken over).
  absl::Status CheckAlive(const ProcessId& process) const;

  // Regular files and memfds that the process has open.
  absl::StatusOr<std::vector<OpenFile>> OpenFiles(const ProcessId& process) const;
  // Contents of /proc/PID/maps, smaps and numa_maps.
  absl::StatusOr<std::string> Maps(const ProcessId& process) const;
  absl::StatusOr<std::string> Smaps(const ProcessId& process) const;
  absl::StatusOr<std::string> NumaMaps(const ProcessId& process) const;

  // Memory that backs `file`, in one system call: allocated blocks, which for a memfd are its pages, those swapped out
  // included. NotFound when the process has gone or that descriptor is another file now.
  absl::StatusOr<Bytes> Allocated(const ProcessId& process, const OpenFile& file) const;

 private:
  std::string Path(const ProcessId& process, std::string_view name) const;

  std::string root_;
};

}  // namespace hypertier
