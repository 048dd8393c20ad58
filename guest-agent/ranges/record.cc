// SPDX-License-Identifier: Apache-2.0
//
// The path that every sample takes. Samples of several CPUs come mixed, so each is looked up by itself: hash of the
// process (passed over while it stays the same), then a search without branches in the sorted starts of its ranges.
// 2,048 starts are 16 KiB, so the search stays in the first-level cache, and as it depends on no earlier sample and on
// no prediction, the processor overlaps the searches of several. The ranges (256 bytes each, two lines touched) do not
// fit there: they are prefetched, a batch is searched first and counted then.
#include <algorithm>
#include <array>

#include "guest-agent/ranges/range_set.h"

namespace hypertier::ranges {
namespace {

constexpr std::size_t kBatch = 32;

// The last of `starts` (not empty) that is not above `address`, or the first.
inline std::size_t LastNotAbove(const std::vector<Address>& starts, Address address) {
  const Address* at = starts.data();
  for (std::size_t length = starts.size(); length > 1;) {
    const std::size_t half = length / 2;
    at += at[half] <= address ? half : 0;
    length -= half;
  }
  return static_cast<std::size_t>(at - starts.data());
}

}  // namespace

Range* RangeSet::FindIn(const Process& process, Address address) {
  if (process.starts.empty()) return nullptr;
  return &pool_[process.slots[LastNotAbove(process.starts, address)]];
}

Range* RangeSet::Find(ProcessId id, Address address) {
  const Process* process = processes_.Find(id);
  Range* range = process == nullptr ? nullptr : FindIn(*process, address);
  return range != nullptr && address >= range->start && address < range->end ? range : nullptr;
}

RangeSet::Recorded RangeSet::Record(std::span<const Sample> samples) {
  const double scale = decay_.Scale();
  Recorded recorded;
  ProcessId last{};
  const Process* process = processes_.Find(last);
  std::array<Range*, kBatch> found;
  while (!samples.empty()) {
    const std::span<const Sample> batch = samples.first(std::min(kBatch, samples.size()));
    samples = samples.subspan(batch.size());
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if (batch[i].process != last) {
        last = batch[i].process;
        process = processes_.Find(last);
      }
      found[i] = process == nullptr ? nullptr : FindIn(*process, batch[i].address);
      if (process == nullptr) ++recorded.unknown_process;
      if (found[i] == nullptr) continue;
      __builtin_prefetch(found[i], 1);
      __builtin_prefetch(found[i]->bins.data(), 1);
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      Range* const range = found[i];
      const Address address = batch[i].address;
      if (range == nullptr || address < range->start || address >= range->end) continue;
      const double weight = batch[i].weight * scale;
      range->bins[(address - range->start) >> range->bin_shift] += weight;
      range->squares += weight * weight;
      ++recorded.counted;
    }
    recorded.outside += batch.size();
  }
  recorded.outside -= recorded.counted + recorded.unknown_process;
  if (recorded.counted > 0) decay_.Sampled();
  return recorded;
}

}  // namespace hypertier::ranges
