// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <random>
#include <vector>

#include "guest-agent/ranges/classifier.h"

namespace hypertier::ranges {

// A guest for tests: memory in two tiers, processes that access it at given rates, a sampler, and a mover that carries
// out the classifier's plans within a rate limit. Time and randomness are its own; equal seeds give equal runs.
class SimulatedGuest {
 public:
  struct Setup {
    Bytes fmem;
    Bytes smem;
    Bytes watermark = Bytes::MiB(16);
    // Of all processes together.
    double accesses_per_second = 20e6;
    std::uint32_t period = 4093;
    // What the mover may move in a second, both directions together.
    Bytes move_rate = Bytes::GiB(2);
    Seconds plan_interval{0.25};
    unsigned seed = 1;
    Options options;
  };

  explicit SimulatedGuest(const Setup& setup);

  // Maps [start, start + size) and touches `pages_per_chunk` pages of each of its chunks that `touched` names (all when
  // empty); they go to FMEM while it has room.
  void Map(ProcessId process, Address start, Bytes size, std::uint32_t pages_per_chunk = kPagesPerChunk,
           const std::function<bool(std::uint64_t chunk)>& touched = {});
  void Unmap(ProcessId process, Address start, Bytes size);

  // How often each touched chunk is accessed, against the others; index in order of process and address.
  void SetHeat(const std::function<double(ProcessId process, Address chunk)>& heat);
  void set_accesses_per_second(double rate) { setup_.accesses_per_second = rate; }

  // Lets `duration` pass.
  void Run(Seconds duration);

  // Runs until HitRatio() is at least `share` of OracleHitRatio(), at most `limit`; how long it took.
  Seconds RunUntilWithin(double share, Seconds limit);

  // True share of accesses to FMEM, and the best that the same FMEM allows.
  double HitRatio() const;
  double OracleHitRatio() const;

  Bytes moved() const { return moved_; }
  Bytes fmem_free() const { return fmem_free_; }
  const Plan& last_plan() const { return plan_; }
  Classifier& classifier() { return classifier_; }
  Time now() const { return now_; }
  // What the balloon is to take; it takes what is free beyond the watermark.
  void Shrink(Bytes fmem) { demand_ = demand_ + fmem; }
  void Grow(Bytes fmem) {
    setup_.fmem += fmem;
    fmem_free_ += fmem;
  }
  Bytes demand() const { return demand_; }

 private:
  struct Chunk {
    PerTier<std::uint32_t> pages;
    double heat = 0;
    std::uint32_t total() const { return pages.fmem() + pages.smem(); }
  };
  using Key = std::pair<ProcessId, Address>;

  void Sample(Seconds duration);
  void Balloon();
  void PlanAndMove();
  void DoSurvey(const Survey& survey);
  // Moves at most `pages`; how many moved.
  std::uint32_t MovePages(const ChunkPart& part, TierId to, std::uint32_t pages);
  void Tell(ProcessId process);

  Setup setup_;
  Classifier classifier_;
  std::mt19937_64 random_;
  Time now_{};
  Time plan_due_{};
  std::map<ProcessId, std::map<Address, Address>> mappings_;
  std::map<Key, Chunk> chunks_;
  std::discrete_distribution<std::size_t> pick_;
  std::vector<Key> keys_;
  Bytes fmem_free_;
  Bytes smem_free_;
  Bytes demand_;
  Bytes moved_;
  Plan plan_;
};

}  // namespace hypertier::ranges
