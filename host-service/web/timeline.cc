// SPDX-License-Identifier: Apache-2.0
#include "host-service/web/timeline.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "host-service/control/sums.h"

namespace hypertier::web {
namespace {

// Hit ratios are kept in steps of 1/200.
constexpr double kHitSteps = 200;
constexpr std::uint8_t kHitUnknown = 255;

template <typename Kib>
constexpr Kib kUnknown = std::numeric_limits<Kib>::max();

template <typename Kib>
Kib KibOf(const std::optional<Bytes>& bytes) {
  if (!bytes) return kUnknown<Kib>;
  return static_cast<Kib>(std::min<std::uint64_t>(bytes->count() >> 10, kUnknown<Kib> - 1));
}

template <typename Kib>
std::optional<Bytes> BytesOf(Kib kib) {
  if (kib == kUnknown<Kib>) return std::nullopt;
  return Bytes::KiB(kib);
}

Sample SampleOf(const control::VmRecord& vm) {
  Sample sample;
  for (const TierId tier : kTiers) {
    sample.target[tier] = (*vm.tiers)[tier].target;
    sample.resident[tier] = (*vm.tiers)[tier].resident;
  }
  if (vm.placement != nullptr && vm.placement->has_hit_ratio()) sample.hit_ratio = vm.placement->hit_ratio();
  return sample;
}

Sample SampleOf(const control::Sums& sums) {
  Sample sample;
  for (const TierId tier : kTiers) {
    sample.target[tier] = sums.tiers[tier].target;
    sample.resident[tier] = sums.tiers[tier].resident;
  }
  sample.hit_ratio = sums.HitRatio();
  return sample;
}

}  // namespace

template <typename Kib>
void Timelines::Ring<Kib>::Put(std::uint64_t tick, const Sample& sample) {
  const std::size_t at = tick % kSamples;
  for (const TierId tier : kTiers) {
    const auto t = static_cast<std::size_t>(tier);
    kib[t][at] = KibOf<Kib>(sample.target[tier]);
    kib[2 + t][at] = KibOf<Kib>(sample.resident[tier]);
  }
  // A guest's word: it may be anything.
  const bool known = sample.hit_ratio && *sample.hit_ratio >= 0 && *sample.hit_ratio <= 1;
  hit[at] = known ? static_cast<std::uint8_t>(std::lround(*sample.hit_ratio * kHitSteps)) : kHitUnknown;
}

template <typename Kib>
Sample Timelines::Ring<Kib>::At(std::uint64_t tick) const {
  const std::size_t at = tick % kSamples;
  Sample sample;
  for (const TierId tier : kTiers) {
    const auto t = static_cast<std::size_t>(tier);
    sample.target[tier] = BytesOf(kib[t][at]);
    sample.resident[tier] = BytesOf(kib[2 + t][at]);
  }
  if (hit[at] != kHitUnknown) sample.hit_ratio = hit[at] / kHitSteps;
  return sample;
}

void Timelines::Take(const control::FleetSnapshot& fleet, absl::Time now) {
  const std::lock_guard lock(mutex_);
  absl::flat_hash_map<std::string, std::unique_ptr<Ring<std::uint32_t>>> kept;
  kept.reserve(fleet.vms.size());
  control::Sums sums;
  for (const control::VmPtr& vm : fleet.vms) {
    sums.Add(*vm);
    if (!vm->tiers) continue;
    std::unique_ptr<Ring<std::uint32_t>> ring;
    if (const auto known = vms_.find(vm->uuid); known != vms_.end()) {
      ring = std::move(known->second);
    } else {
      ring = std::make_unique<Ring<std::uint32_t>>();
      ring->first = ticks_;
    }
    ring->Put(ticks_, SampleOf(*vm));
    kept.emplace(vm->uuid, std::move(ring));
  }
  vms_ = std::move(kept);
  host_.Put(ticks_, SampleOf(sums));
  times_[ticks_ % kSamples] = now;
  ++ticks_;
}

template <typename Kib>
Timeline Timelines::Read(const Ring<Kib>& ring) const {
  Timeline line;
  for (std::uint64_t tick = std::max(ring.first, ticks_ - std::min<std::uint64_t>(ticks_, kSamples)); tick < ticks_;
       ++tick) {
    line.times.push_back(times_[tick % kSamples]);
    line.samples.push_back(ring.At(tick));
  }
  return line;
}

Timeline Timelines::Host() const {
  const std::lock_guard lock(mutex_);
  return Read(host_);
}

Timeline Timelines::Vm(const std::string& uuid) const {
  const std::lock_guard lock(mutex_);
  const auto known = vms_.find(uuid);
  return known == vms_.end() ? Timeline() : Read(*known->second);
}

std::uint64_t Timelines::taken() const {
  const std::lock_guard lock(mutex_);
  return ticks_;
}

}  // namespace hypertier::web
