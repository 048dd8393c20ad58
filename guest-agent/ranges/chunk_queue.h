// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "guest-agent/ranges/deferred.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/ranges/range_set.h"
#include "guest-agent/ranges/ranking.h"

namespace hypertier::ranges {

// The chunks that hold pages of one tier, range by range in a given order, inside a range by address. Pages are taken
// from the front; looks at no more of a range than is taken.
class ChunkQueue {
 public:
  struct Front {
    const Ranked* ranked = nullptr;
    Address chunk = 0;
    // Pages of the tier not yet taken; not 0.
    std::uint32_t pages = 0;
  };

  // All arguments must outlive the queue.
  ChunkQueue(TierId tier, std::vector<const Ranked*> order, const RangeSet& ranges, const Deferred& deferred)
      : tier_(tier), order_(std::move(order)), ranges_(ranges), deferred_(deferred) {
    Settle();
  }

  bool empty() const { return front_.pages == 0; }
  const Front& front() const { return front_; }
  // The mapped part of the front chunk.
  ChunkPart Part() const;

  // At most front().pages.
  void Take(std::uint32_t pages);

 private:
  // Moves on to the next chunk that has pages.
  void Settle();
  bool Refill();

  const TierId tier_;
  const std::vector<const Ranked*> order_;
  const RangeSet& ranges_;
  const Deferred& deferred_;
  std::size_t next_range_ = 0;
  // Chunks of the range before next_range_ that were looked at, and where to look on.
  std::vector<Residency::Chunk> chunks_;
  std::size_t next_chunk_ = 0;
  Address look_from_ = 0;
  Front front_;
};

}  // namespace hypertier::ranges
