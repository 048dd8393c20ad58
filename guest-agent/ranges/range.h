// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "guest-agent/ranges/decay.h"
#include "guest-agent/ranges/evidence.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// A stretch of one process's address space in which, as far as anyone has seen, every resident page is equally hot.
//
// Where to split. The published design halves a hot range and waits: from 64 GiB to 2 MiB takes 15 periods, and says
// nothing about where the heat is until two halves differ. Here a range counts its accesses in eighths ("bins", a power
// of two of chunks each, so at least 5 of 8 are used), and is cut exactly where neighbouring eighths differ: 64 GiB to
// 2 MiB in five rounds, 1.25 s. It costs 64 bytes a range, and no more additions than one counter. How many samples a
// cut needs: a hot spot with a share p of a range's n samples, in a bin where n/8 were to be expected, stands out by
// about (p*n - n/8) / sqrt(n/8) standard errors; with p = 1/2 that reaches 4 at n = 15.
//
// Sums are scaled and decayed as decay.h says. Bins count since `bins_since`, all together since `since`.
struct alignas(64) Range {
  static constexpr unsigned kBins = 8;

  // Aligned to kChunk; every chunk of it touches a mapping.
  Address start = 0;
  Address end = 0;
  // log2 of a bin's size. Bins start at `start`; the last may be cut short.
  std::uint32_t bin_shift = kChunkShift;
  // Resident pages of each tier, as far as surveyed. Bounded by max_residency_blocks, so 32 bits are enough.
  PerTier<std::uint32_t> pages;
  // Sum of the squares of scaled weights since `since`: the variance of the count.
  double squares = 0;
  // Scaled accesses from `since` to `bins_since`.
  double older = 0;
  Time since{};
  Time bins_since{};

  // Scaled accesses since then, by eighth.
  std::array<double, kBins> bins{};

  // Resident pages of both tiers, by eighth.
  std::array<std::uint32_t, kBins> resident{};
  ProcessId process;
  // When a new mapping, or a cut where densities differ, made it.
  Time born{};
  // What change.h needs: the scaled count at the last round; for a rise and for a fall, how likely it is by now, since
  // when, and the scaled count then.
  struct Drift {
    double likelihood = 0;
    double count = 0;
    Time onset{};
  };
  double seen = 0;
  Drift rise;
  Drift fall;

  // Everything in [start, surveyed) has been surveyed at least once.
  Address surveyed = 0;
  // Where the next survey goes on, and when one last came to its end.
  Address survey_next = 0;
  Time survey_wrapped{};
};
static_assert(sizeof(Range) == 256, "documented in README.md");

// A range without history; start < end, both aligned.
Range MakeRange(ProcessId process, Address start, Address end, Time now);

inline unsigned BinsUsed(const Range& range) {
  return static_cast<unsigned>((range.end - range.start + (Address{1} << range.bin_shift) - 1) >> range.bin_shift);
}
// Also for bin = BinsUsed(): the end.
Address BinStart(const Range& range, unsigned bin);

// Scaled accesses: in the bins, and all.
double BinsCount(const Range& range);
inline double Count(const Range& range) {
  return range.older + BinsCount(range);
}

// Accesses a second.
inline double Rate(const Range& range, const Decay& decay) {
  return Count(range) / decay.Scale() / decay.Observed(range.since);
}

// Pages that the range would take of a tier: resident ones, and those not yet surveyed as if they were. So a sparse
// reservation is as small as what it holds, and memory that nobody has looked at is not taken for small. At least 1.
double PlacedPages(const Range& range);

// Pages for comparing neighbours: the same, and a 64th of the mapped ones, so that an empty part has a density too.
double ComparedPages(const Range& range);
double ComparedPages(const Range& range, unsigned from_bin, unsigned to_bin);

// The weight of the range's samples; `usual` if it has none.
double SampleWeight(const Range& range, const Decay& decay, double usual);

// The range's rate as evidence. `usual` is the usual weight of a sample: what a range without any may have missed.
Evidence RateEvidence(const Range& range, const Decay& decay, double usual);

// The part [start, end) of `range`, with its share of everything but residency, which is 0 and to be counted again.
Range Clip(const Range& range, Address start, Address end);

// Both, `left` ending where `right` starts; the rates add up. The observation of the one with more accesses (or pages)
// stays, that of the other is brought to its length. Residency is 0 and to be counted again.
Range Join(const Range& left, const Range& right, const Decay& decay);

// What a split makes of bins [from, to): the range's rate, shared out as the bins say. Residency as above.
Range Child(const Range& range, unsigned from, unsigned to, const Decay& decay);

}  // namespace hypertier::ranges
