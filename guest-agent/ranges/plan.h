// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// The mapped part of one chunk (it may still have holes smaller than a chunk).
struct ChunkPart {
  ProcessId process;
  Address address = 0;
  Bytes length;
  friend bool operator==(const ChunkPart&, const ChunkPart&) = default;
};

// Exchange `amount` of the SMEM pages of `hot` with as much of the FMEM pages of `cold`. A chunk whose pages find no
// partner of the same size appears in several.
struct Exchange {
  ChunkPart hot;
  ChunkPart cold;
  Bytes amount;
  friend bool operator==(const Exchange&, const Exchange&) = default;
};

// Move `amount` of the pages of `part` to the other tier.
struct Move {
  ChunkPart part;
  Bytes amount;
  friend bool operator==(const Move&, const Move&) = default;
};

// Measure what is resident here, and hand it to Classifier::SetResidency.
struct Survey {
  ProcessId process;
  AddressSpan span;
  friend bool operator==(const Survey&, const Survey&) = default;
};

// With so much FMEM, given to the densest memory first, so large a share of the accesses is served from it. Between
// two points, and from (0, 0) to the first, the share grows evenly.
struct CurvePoint {
  Bytes fmem;
  double share = 0;
  friend bool operator==(const CurvePoint&, const CurvePoint&) = default;
};
inline constexpr std::size_t kMaxCurvePoints = 16;

// What to do now. Lists are in order of importance: carry out as much from the front as the rate limit allows.
// What is not done comes again with the next plan, if it is still right then.
struct Plan {
  // Coldest first. Only when FMEM must get room.
  std::vector<Move> demotions;
  // Hottest first. Only when FMEM has room.
  std::vector<Move> promotions;
  // Hottest with coldest first. These leave the room in both tiers as it is.
  std::vector<Exchange> exchanges;
  std::vector<Survey> surveys;

  // Rising; at most kMaxCurvePoints; the last one is all resident memory. Empty without accesses.
  std::vector<CurvePoint> curve;
  // Estimated share of the accesses that FMEM serves now; nothing without accesses.
  std::optional<double> hit_ratio;
  // Accesses a second, as sampled.
  double access_rate = 0;

  // FMEM that the ranges may use: usable, or what they have and what is free, whichever is less; without the
  // watermark and without what is to be vacated.
  Bytes capacity;
  // The densest memory that fits in there, and the density (accesses per MiB and second) of the least dense of it.
  Bytes hot_set;
  double cut_density = 0;
  // What the ranges have of each tier.
  PerTier<Bytes> resident;
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace hypertier::ranges
