// SPDX-License-Identifier: Apache-2.0
//
// Which of the files and mappings of a QEMU process are the guest's tiers. Pure functions; proc_process.h reads what
// they judge.
//
// What they rest on, seen with QEMU 7.2 and 10.0: libvirt makes one memory backend a cell, ram-node0 before ram-node1
// and both before any device, and then one a virtio-mem device, in the order of the domain's XML. So the backends' file
// descriptors rise in that order, and their mappings descend (the kernel maps from the top down).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "common/bytes.h"
#include "host-service/domain/describe.h"

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

using Backends = std::vector<domain::MemoryBackend>;

// What follows answers in the order of `backends`, or with FailedPrecondition and what was found instead.

// The memfds: by size, and by order of creation where several have that size.
absl::StatusOr<std::vector<OpenFile>> MatchMemfds(const std::vector<OpenFile>& files, const Backends& backends);

// The files of the backends' names (deleted ones too) and sizes.
absl::StatusOr<std::vector<OpenFile>> MatchRamFiles(const std::vector<OpenFile>& files, const Backends& backends);

// The anonymous mappings: by size, and by order of creation where several have the same. An error also where there are
// more than can be told apart.
absl::StatusOr<std::vector<Mapping>> MatchAnonymous(const std::vector<Mapping>& mappings, const Backends& backends);

// Where the files are mapped. An error also where one is not in one piece.
absl::StatusOr<std::vector<Mapping>> MappingsOf(const std::vector<Mapping>& mappings,
                                                const std::vector<OpenFile>& files);

// FailedPrecondition when one of the files is mapped copy-on-write: guest memory is then not in the file, and cannot be
// measured there.
absl::Status CheckShared(const std::vector<Mapping>& mappings, const std::vector<OpenFile>& files);

}  // namespace hypertier
