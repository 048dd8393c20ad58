// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <utility>
#include <vector>

#include "guest-agent/hyperplace/device.h"
#include "guest-agent/mover/migrate.h"
#include "guest-agent/mover/pairs.h"
#include "guest-agent/mover/stats.h"
#include "guest-agent/ranges/classifier.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/targets/target.h"

namespace hypertier::agent {

// A chunk that is being dealt with in one call of the mover.
struct Chunk {
  const Target* target = nullptr;
  ranges::ChunkPart part;
  // Pages are taken out as they are moved or refused.
  ChunkLayout layout;
  // What has come into each tier in this call.
  PerTier<Bytes> moved;
  // Not worth another try for a while.
  bool defer = false;
};

// The chunks that one call of the mover touches: finds out what they hold, moves pages of one, and in the end tells the
// classifier. One call, one thread; all arguments outlive it.
class Chunks {
 public:
  // `module` is null if it is not to be asked whether a chunk is one huge page.
  Chunks(ranges::Time now, const PerTier<int>& nodes, Hyperplace* module, Migrator& migrator,
         const TargetTable& targets, ranges::Classifier& classifier, MoverStats& stats)
      : now_(now),
        nodes_(nodes),
        module_(module),
        migrator_(migrator),
        targets_(targets),
        classifier_(classifier),
        stats_(stats) {}
  Chunks(const Chunks&) = delete;
  Chunks& operator=(const Chunks&) = delete;
  // Settles.
  ~Chunks();

  // The chunk of this part, of which the plan wants `amount` out of `from`. If there is less, the classifier is told.
  // Null: no such process any more, no pages there, or not to be tried again. Valid as long as this.
  Chunk* Find(const ranges::ChunkPart& part, TierId from, Bytes amount);

  // Moves pages out of the other tier, as much as `amount` or a huge page more. False: `to` has no room, no use to go
  // on.
  bool Shift(Chunk& chunk, TierId to, Bytes amount, Bytes& moved);

  // The process is gone: its chunks are left alone from here on.
  void Lose(Chunk& chunk);
  // Processes that could not be found any more, each maybe more than once.
  const std::vector<pid_t>& gone() const { return gone_; }

 private:
  using Key = std::pair<ranges::ProcessId, ranges::Address>;

  bool Look(Chunk& chunk);
  bool IsHuge(const Chunk& chunk);
  // Where the pages of the chunk are now; not kOk: the layout is as before.
  MoveResult Query(Chunk& chunk);
  void CallFailed(Chunk& chunk, MoveResult result);

  const ranges::Time now_;
  const PerTier<int> nodes_;
  Hyperplace* const module_;
  Migrator& migrator_;
  const TargetTable& targets_;
  ranges::Classifier& classifier_;
  MoverStats& stats_;
  std::map<Key, Chunk> chunks_;
  std::vector<pid_t> gone_;
};

}  // namespace hypertier::agent
