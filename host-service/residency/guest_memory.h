// SPDX-License-Identifier: Apache-2.0
//
// Which of the files and mappings of a QEMU process are the guest's two cells. Pure functions; proc_process.h reads
// what they judge.
//
// What they rest on, seen with QEMU 7.2 and 10.0: libvirt makes one memory backend a cell, ram-node0 before ram-node1
// and both before any device. So the cells' file descriptors rise in that order, and their mappings descend (the kernel
// maps from the top down).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "common/tier.h"

namespace hypertier {

// An open file of a process.
struct OpenFile {
  int fd = -1;
  // Where /proc/PID/fd/FD points: "/memfd:memory-backend-memfd (deleted)", "/var/lib/libvirt/qemu/ram/1-vm/ram-node0".
  std::string link;
  dev_t device = 0;
  ino_t inode = 0;
  Bytes size;
};

// A line of /proc/PID/maps, with the resident memory that /proc/PID/smaps adds.
struct Mapping {
  std::uint64_t begin = 0;
  Bytes size;
  bool writable = false;
  bool executable = false;
  // Copy-on-write: what is written does not reach the file.
  bool is_private = false;
  // 0: anonymous.
  ino_t inode = 0;
  Bytes resident;
};

// Reads the text of /proc/PID/maps or smaps. Lines that are neither a mapping nor "Rss:" are skipped: the kernel adds
// new ones.
std::vector<Mapping> ParseMappings(std::string_view text);

// The memfds that back the cells: by size, and by order of creation where several have that size.
// FailedPrecondition, with what was found, when there are not enough.
absl::StatusOr<PerTier<OpenFile>> MatchMemfds(const std::vector<OpenFile>& files, const PerTier<Bytes>& cells);

// The files ram-node0 and ram-node1 (deleted ones too) of the cells' sizes. FailedPrecondition as above.
absl::StatusOr<PerTier<OpenFile>> MatchRamFiles(const std::vector<OpenFile>& files, const PerTier<Bytes>& cells);

// The anonymous mappings that are the cells: by size, and by order of creation where both cells have the same size.
// FailedPrecondition when there are not enough, or more than can be told apart.
absl::StatusOr<PerTier<Mapping>> MatchAnonymous(const std::vector<Mapping>& mappings, const PerTier<Bytes>& cells);

// Where the cells' files are mapped. FailedPrecondition: not in one piece.
absl::StatusOr<PerTier<Mapping>> MappingsOf(const std::vector<Mapping>& mappings, const PerTier<OpenFile>& files);

// FailedPrecondition when a cell's file is mapped copy-on-write: guest memory is then not in the file, and cannot be
// measured there.
absl::Status CheckShared(const std::vector<Mapping>& mappings, const PerTier<OpenFile>& files);

}  // namespace hypertier
