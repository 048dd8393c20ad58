// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "guest-agent/ranges/adapt.h"
#include "guest-agent/ranges/change.h"
#include "guest-agent/ranges/deferred.h"
#include "guest-agent/ranges/options.h"
#include "guest-agent/ranges/plan.h"
#include "guest-agent/ranges/range_set.h"
#include "guest-agent/ranges/types.h"

namespace hypertier::ranges {

// Counters since the start, and sizes of now.
struct ClassifierStats {
  // Samples, by what became of them.
  RangeSet::Recorded samples;
  Adapted ranges;
  // Ranges whose rate has changed, so that what was known of them was dropped.
  std::uint64_t changes = 0;
  std::size_t range_count = 0;
  std::size_t process_count = 0;
  std::size_t residency_blocks = 0;
  std::size_t deferred = 0;
  // Chunks whose residency was given but could not be kept: no range there, or max_residency_blocks reached.
  std::uint64_t residency_refused = 0;
  // Mapped memory that no range covers since there were too many areas (SetMappings).
  Bytes uncovered;
};

// A range as others see it.
struct RangeView {
  ProcessId process;
  // Clipped to the mappings.
  AddressSpan span;
  // Accesses per MiB of what is resident (or not yet surveyed) and second.
  double density = 0;
  PerTier<Bytes> resident;
  bool young = false;
};

// Decides which memory is hot, and what to move. Pure: does no I/O, reads no clock, and equal calls give equal results.
// One thread. A time before the last one counts as the last one.
//
// Use: SetMappings for each process to be placed, again whenever its mappings may have changed (once a second will do);
// Ingest samples as they come; SetCapacity, then Plan, a few times a second; carry out the plan's surveys and moves as
// far as the rate limit allows, and say what was found with SetResidency, Moved and Defer. Nothing is planned for
// memory whose residency is not known.
class Classifier {
 public:
  // InvalidArgument: an option makes no sense.
  static absl::StatusOr<Classifier> Create(const Options& options = {});

  // The user mappings of a process that are worth placing, sorted. Memory that stays mapped keeps its statistics; what
  // has gone is forgotten. After exec call Remove first. InvalidArgument: not sorted, or not user addresses;
  // ResourceExhausted: max_processes reached; in both cases nothing has changed.
  //
  // Every area (a stretch of mappings with no hole of a whole chunk) takes a range. If there are more than half the
  // budget, the smallest ones of all processes are left out until their process is set again.
  absl::Status SetMappings(Time now, ProcessId process, std::span<const AddressSpan> mappings);

  void RemoveProcess(ProcessId process);

  // In any order, of any process; those outside the mappings are only counted in the stats.
  void Ingest(Time now, std::span<const Sample> samples);

  // What is resident in `span`, which is aligned to kChunk: `chunks`, rising, and nothing else. What is not covered by
  // a range is passed over. InvalidArgument: not aligned, not rising, outside `span`, or more pages than a chunk has.
  absl::Status SetResidency(Time now, ProcessId process, AddressSpan span, std::span<const ChunkResidency> chunks);

  // `amount` of the pages of the chunk at `address` are now in tier `to`, from the other one.
  void Moved(ProcessId process, Address address, TierId to, Bytes amount);

  // Pages of the chunk at `address` could not be moved: it is left out of plans for a while.
  void Defer(Time now, ProcessId process, Address address);

  // Until it is called there are no moves in plans.
  void SetCapacity(const TierCapacity& capacity) { capacity_ = capacity; }

  // FMEM to be vacated besides the watermark, before a shrink: what the balloon has still to take. 0 when done.
  void SetDemand(Bytes vacate) { demand_ = vacate; }

  // Fits the ranges to what was counted (at most every adapt_interval), and says what to do. Changes no statistics.
  Plan MakePlan(Time now);

  // In order of process and address.
  std::vector<RangeView> Ranges() const;
  ClassifierStats stats() const;

  // Accesses a second, as the ranges have them, all together.
  double TotalRate() const;

  // Checks what this class and its parts promise; for tests. Internal says what is broken.
  absl::Status Verify() const;

 private:
  explicit Classifier(const Options& options);

  void FitRanges();
  std::vector<Area> LimitAreas(ProcessId process, std::vector<Area> areas);

  Options options_;
  RangeSet ranges_;
  ChangeDetector changes_;
  Deferred deferred_;
  std::optional<TierCapacity> capacity_;
  Bytes demand_;
  std::optional<Time> adapted_;
  // Weight of a sample, as of then.
  double usual_sample_ = 0;
  ClassifierStats stats_;
};

}  // namespace hypertier::ranges
