// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include "guest-agent/ranges/types.h"
#include "guest-agent/targets/maps.h"

namespace hypertier::agent {

// Which process a piece of shared memory is placed with: the first that is found to map it, until it maps it no more.
// So it counts once, however many processes share it. One thread.
class SharedMemory {
 public:
  explicit SharedMemory(std::size_t max_files = 4096) : max_files_(max_files) {}

  // Around one reading of a process's mappings. What it had and does not claim in between is free for others.
  void Begin(ranges::ProcessId process);
  // As MapsParser::AdmitShared wants it. A process that maps a file twice keeps the mapping at the lower address; of a
  // file mapped in pieces all that lie in order of their offset, as mprotect and the like leave them.
  bool Claim(FileId file, std::uint64_t offset, std::uint64_t size);
  void End();

  void Release(ranges::ProcessId process);

  std::size_t size() const { return owners_.size(); }

 private:
  struct Owner {
    ranges::ProcessId process;
    // The reading in which it was claimed last.
    std::uint64_t reading = 0;
    // End of what was claimed of the file in this reading.
    std::uint64_t claimed = 0;
  };

  const std::size_t max_files_;
  ranges::ProcessId reader_;
  std::uint64_t reading_ = 0;
  std::map<FileId, Owner> owners_;
};

}  // namespace hypertier::agent
