// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/process_table.h"

#include <algorithm>
#include <bit>

namespace hypertier::ranges {

Process& ProcessTable::Insert(ProcessId id) {
  const auto at = std::lower_bound(processes_.begin(), processes_.end(), id,
                                   [](const Process& process, ProcessId key) { return process.id < key; });
  const auto position = at - processes_.begin();
  processes_.insert(at, Process{.id = id, .areas = {}, .starts = {}, .slots = {}});
  Rebuild();
  return processes_[static_cast<std::size_t>(position)];
}

void ProcessTable::Erase(ProcessId id) {
  processes_.erase(processes_.begin() + (Find(id) - processes_.data()));
  Rebuild();
}

void ProcessTable::Rebuild() {
  index_.assign(std::bit_ceil(2 * processes_.size() + 2), kEmpty);
  mask_ = index_.size() - 1;
  for (std::size_t i = 0; i < processes_.size(); ++i) {
    std::size_t at = Hash(processes_[i].id);
    while (index_[at] != kEmpty) at = (at + 1) & mask_;
    index_[at] = static_cast<std::uint32_t>(i);
  }
}

}  // namespace hypertier::ranges
