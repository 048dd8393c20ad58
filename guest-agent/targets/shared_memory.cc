// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/targets/shared_memory.h"

namespace hypertier::agent {

void SharedMemory::Begin(ranges::ProcessId process) {
  reader_ = process;
  ++reading_;
}

bool SharedMemory::Claim(FileId file, std::uint64_t offset, std::uint64_t size) {
  if (size > UINT64_MAX - offset) return false;
  auto found = owners_.find(file);
  if (found == owners_.end()) {
    // Left where it is rather than counted by all who share it.
    if (owners_.size() >= max_files_) return false;
    found = owners_.emplace(file, Owner{reader_, reading_, 0}).first;
  }
  Owner& owner = found->second;
  if (owner.process != reader_) return false;
  if (owner.reading != reading_) {
    owner.reading = reading_;
    owner.claimed = 0;
  }
  if (offset < owner.claimed) return false;
  owner.claimed = offset + size;
  return true;
}

void SharedMemory::End() {
  std::erase_if(owners_, [this](const auto& entry) {
    return entry.second.process == reader_ && entry.second.reading != reading_;
  });
}

void SharedMemory::Release(ranges::ProcessId process) {
  std::erase_if(owners_, [process](const auto& entry) { return entry.second.process == process; });
}

}  // namespace hypertier::agent
