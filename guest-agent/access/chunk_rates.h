// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// What is known of each chunk's accesses, and the samples that stand for it.
//
// A chunk is looked at once in a while, and then its rate is known; the classifier counts samples, and takes a chunk
// whose samples come all at once and then not at all for one that keeps changing. So the samples of a look are spread
// evenly over the time until the next: as many as there were set bits (what the look is worth), but not more than one
// in kLeastInterval nor than all chunks together may make. Their weights add up to the rate times the time.
class ChunkRates {
 public:
  // 256 GiB of resident chunks in 5 MiB; further ones are passed over.
  static constexpr std::size_t kMostRows = 131072;
  static constexpr ranges::Seconds kLeastInterval{0.25};
  // Samples a second of all chunks together, about 0.1 ms of ingestion.
  static constexpr double kMostSamples = 4096;

  struct Row {
    ranges::Address address = 0;
    // When its bits were last cleared; min() if never.
    ranges::Time cleared = ranges::Time::min();
    ranges::Time due = ranges::Time::min();
    float interval = 0;
    // Accesses a second; 0: none known.
    float rate = 0;
  };

  // `chunks` (starts, rising) are what is resident in `span`: others are forgotten, new ones added.
  void Cover(ranges::ProcessId process, ranges::AddressSpan span, std::span<const ranges::Address> chunks);
  // Null if it is not known. Until the next Cover or Keep.
  Row* Find(ranges::ProcessId process, ranges::Address chunk);
  // The chunk of `row` has `rate`, by `evidence` set bits, until it is looked at again after about `revisit`.
  void Set(Row& row, ranges::Time now, double rate, unsigned evidence, ranges::Seconds revisit);

  // Forgets processes that are not in `keep`, which is rising.
  void Keep(std::span<const ranges::ProcessId> keep);

  // Appends what is due. A chunk that has not been looked at for `stale` says nothing more.
  void Emit(ranges::Time now, ranges::Seconds stale, std::vector<ranges::Sample>& samples);

  std::size_t size() const { return size_; }

 private:
  std::map<ranges::ProcessId, std::vector<Row>> rows_;
  std::vector<Row> merged_;
  std::size_t size_ = 0;
};

}  // namespace hypertier::agent
