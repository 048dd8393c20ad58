// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "guest-agent/ranges/areas.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// One process's areas and the ranges that cover them.
struct Process {
  ProcessId id;
  std::vector<Area> areas;
  // Where each range starts, in order, and which of the pool it is. Apart, because a lookup reads only the starts.
  std::vector<Address> starts;
  std::vector<std::uint32_t> slots;
};

// Processes in order of their keys, found by hash. The hash decides nothing but where a lookup looks.
class ProcessTable {
 public:
  ProcessTable() { Rebuild(); }

  // nullptr if there is none. Pointers last until Insert or Erase.
  Process* Find(ProcessId id) {
    for (std::size_t at = Hash(id);; at = (at + 1) & mask_) {
      const std::uint32_t entry = index_[at];
      if (entry == kEmpty) return nullptr;
      if (processes_[entry].id == id) return &processes_[entry];
    }
  }
  const Process* Find(ProcessId id) const { return const_cast<ProcessTable*>(this)->Find(id); }

  // `id` must not be there.
  Process& Insert(ProcessId id);
  // `id` must be there.
  void Erase(ProcessId id);

  std::vector<Process>& all() { return processes_; }
  const std::vector<Process>& all() const { return processes_; }

 private:
  static constexpr std::uint32_t kEmpty = UINT32_MAX;

  std::size_t Hash(ProcessId id) const { return (id.key * 0x9e3779b97f4a7c15u >> 32) & mask_; }
  void Rebuild();

  std::vector<Process> processes_;
  // Index into processes_, by hash; at most half full.
  std::vector<std::uint32_t> index_;
  std::size_t mask_ = 0;
};

}  // namespace hypertier::ranges
