// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "guest-agent/hyperplace/device.h"
#include "guest-agent/mover/chunks.h"
#include "guest-agent/mover/pairs.h"
#include "guest-agent/mover/stats.h"

namespace hypertier::agent {

// What to do about a status of the module (ABI.md's table).
enum class Remedy {
  kNone,
  // Leave the chunk alone for a while.
  kDefer,
  // move_pages(2) can.
  kMovePages,
  // The process is gone.
  kForget,
  // The plan was made of something that is no longer so.
  kLookAgain,
};
// Of a status that this agent does not know: kDefer.
Remedy RemedyOf(unsigned status);

// Collects pairs of several chunks and processes, so that many share a call and its TLB flushes. One call of the mover.
class Exchanger {
 public:
  // Of 2 MiB pages fewer are taken at once: 64 of them are 128 MiB copied each way.
  static constexpr std::size_t kMaxHugePairs = 64;

  // Pages of two chunks for which the module was no good.
  struct Leftover {
    Chunk* hot = nullptr;
    Chunk* cold = nullptr;
    Bytes amount;
  };

  Exchanger(Hyperplace& module, const Hyperplace::Info& info, const PerTier<int>& nodes, Chunks& chunks,
            MoverStats& stats)
      : module_(module), info_(info), nodes_(nodes), chunks_(chunks), stats_(stats) {}

  // Takes as many pairs as `amount` wants, and calls the module when a batch is full. Returns what was taken, also of
  // what came to be left over.
  Bytes Add(Chunk& hot, Chunk& cold, Bytes amount);

  // Calls the module for what is still collected. Add must not be called after the module failed (broken()).
  void Flush();

  bool broken() const { return broken_; }
  std::vector<Leftover> TakeLeftovers() { return std::exchange(leftovers_, {}); }

 private:
  struct Entry {
    Chunk* hot = nullptr;
    Chunk* cold = nullptr;
    PagePair pages;
  };
  struct Batch {
    std::vector<Entry> entries;
    std::vector<hyperplace_pair> pairs;
    std::vector<hyperplace_process> processes;
  };

  void Add(Batch& batch, std::size_t limit, const Entry& entry, hyperplace_page_size size);
  std::uint16_t ProcessIndex(Batch& batch, const Target& target);
  void Flush(Batch& batch);
  void Settle(const Entry& entry, const hyperplace_pair& pair);
  void LeaveOver(Chunk& hot, Chunk& cold, Bytes amount);

  Hyperplace& module_;
  const Hyperplace::Info info_;
  const PerTier<int> nodes_;
  Chunks& chunks_;
  MoverStats& stats_;
  Batch base_;
  Batch huge_;
  std::vector<Leftover> leftovers_;
  bool broken_ = false;
};

}  // namespace hypertier::agent
