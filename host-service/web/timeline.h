// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "common/bytes.h"
#include "common/tier.h"
#include "host-service/control/snapshot.h"

namespace hypertier::web {

// What is kept of the past: an hour of samples, all in memory, forgotten with the process.
inline constexpr absl::Duration kSampleInterval = absl::Seconds(30);
inline constexpr std::size_t kSamples = 120;

// One moment of a line. Absent: not known then.
struct Sample {
  PerTier<std::optional<Bytes>> target;
  PerTier<std::optional<Bytes>> resident;
  std::optional<double> hit_ratio;
};

// Samples and when they were taken, oldest first.
struct Timeline {
  std::vector<absl::Time> times;
  std::vector<Sample> samples;
};

// The last samples of the host and of each VM. 2 KiB a VM: KiB in 32 bits (a tier of 4 TiB and more stays at that), the
// hit ratio in steps of 0.5 %. Thread-safe.
class Timelines {
 public:
  // Call it each kSampleInterval. VMs that are no longer there are forgotten.
  void Take(const control::FleetSnapshot& fleet, absl::Time now);

  Timeline Host() const;
  // Empty for one that has not been seen yet.
  Timeline Vm(const std::string& uuid) const;

  // Samples taken since the process began: changes with each.
  std::uint64_t taken() const;

 private:
  // A ring of samples. Those of tick t are at t % kSamples.
  template <typename Kib>
  struct Ring {
    // The tick of the first sample: all since then are there, as far as the ring reaches.
    std::uint64_t first = 0;
    std::array<std::array<Kib, kSamples>, 4> kib;
    std::array<std::uint8_t, kSamples> hit;

    void Put(std::uint64_t tick, const Sample& sample);
    Sample At(std::uint64_t tick) const;
  };

  template <typename Kib>
  Timeline Read(const Ring<Kib>& ring) const;

  mutable std::mutex mutex_;
  // Guarded by mutex_, as all that follows. Ticks are counted from 0; those of times_ are the newest kSamples.
  std::uint64_t ticks_ = 0;
  std::array<absl::Time, kSamples> times_;
  Ring<std::uint64_t> host_;
  // By UUID.
  absl::flat_hash_map<std::string, std::unique_ptr<Ring<std::uint32_t>>> vms_;
};

}  // namespace hypertier::web
