// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// A stretch of one process's address space in which, as far as anyone has seen, every resident page is equally hot.
//
// Where to split. The published design halves a hot range and waits: from 64 GiB to 2 MiB takes 15 periods, and says
// nothing about where the heat is until the two halves differ. Here a range counts its accesses in eighths ("bins", of
// a power of two of chunks, so at least 5 of 8 are used), and is cut exactly where neighbouring eighths differ: 64 GiB
// to 2 MiB in five rounds, 1.25 s. It costs one addition a sample and 64 bytes a range, and the addition is needed
// anyway. How many samples a cut needs: a hot spot with a share p of a range's n samples in a bin where n/8 were to be
// expected stands out by (p*n - n/8) / sqrt(n/8) standard errors; with p = 1/2 that reaches 4 at n = 15.
//
// All sums are decayed and scaled as decay.h says.
struct alignas(64) Range {
  static constexpr unsigned kBins = 8;

  // Aligned to kChunk; every chunk of it touches a mapping.
  Address start = 0;
  Address end = 0;
  // log2 of a bin's size. Bins start at `start`; the last may be cut short.
  std::uint32_t bin_shift = kChunkShift;
  // Resident pages of each tier, as far as surveyed. Bounded by max_residency_blocks, so 32 bits are enough.
  PerTier<std::uint32_t> pages;
  // Sum of the squares of scaled weights: the variance of the count, since samples come independently.
  double squares = 0;
  // Scaled accesses from before this range had its bounds; they are taken to lie evenly.
  double inherited = 0;
  // Everything in [start, surveyed) has been surveyed at least once.
  Address surveyed = 0;
  // Where the next survey goes on.
  Address survey_next = 0;

  // Scaled accesses since then, by eighth.
  std::array<double, kBins> bins{};

  // Resident pages of both tiers, by eighth.
  std::array<std::uint32_t, kBins> resident{};
  ProcessId process;
  // Since when accesses have been counted: that of the oldest ancestor.
  Time since{};
  // When a split or a new mapping made it.
  Time born{};
  // When a survey last came to its end.
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

// Scaled accesses.
double Count(const Range& range);

// Accesses against the pages that they go to, with what is needed to tell whether two such densities differ.
struct Evidence {
  double count = 0;
  double squares = 0;
  double pages = 0;

  double density() const { return count / pages; }
  // About how many equal samples the count is made of.
  double samples() const { return squares > 0 ? count / squares * count : 0; }

  friend Evidence operator+(const Evidence& a, const Evidence& b) {
    return {a.count + b.count, a.squares + b.squares, a.pages + b.pages};
  }
};

// Standard errors between two densities, if both were the same. The variance of a count of c is c * squares / count
// (samples come independently, so it goes with the expected count); with d the common density,
// (a - b)^2 / (d * squares / count * (1 / pages_a + 1 / pages_b)) is the square of the result. 0 without accesses.
double StandardErrors(const Evidence& a, const Evidence& b);

// Accesses that are in the wrong place if two parts are treated as one: what a cut between them gains, and what
// joining them loses. Scaled as the counts are.
double Contrast(const Evidence& a, const Evidence& b);

// Pages that count: resident ones, and those not yet surveyed as if they were. So a sparse reservation is as dense as
// what it holds, and memory that nobody has looked at is not taken for small. A 64th of the mapped pages is added, so
// that an empty part has a density.
Evidence RangeEvidence(const Range& range);
// Bins [from, to), only what was counted since the range has its bounds.
Evidence BinEvidence(const Range& range, unsigned from, unsigned to);

// Pages that the range would take of a tier: resident ones, and those not yet surveyed as if they were. At least 1.
double PlacedPages(const Range& range);

// The part [start, end) of `range`, with its share of everything but residency, which is 0 and to be counted again.
Range Clip(const Range& range, Address start, Address end);
// Both; `left` ends where `right` starts. Residency is 0 and to be counted again.
Range Join(const Range& left, const Range& right);
// What a split makes of bins [from, to): the count of those bins and a share of what was inherited.
Range Child(const Range& range, unsigned from, unsigned to, Time now);

}  // namespace hypertier::ranges
