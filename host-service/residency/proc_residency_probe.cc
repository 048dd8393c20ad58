// SPDX-License-Identifier: Apache-2.0
#include "host-service/residency/proc_residency_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "common/text.h"

namespace hypertier {
namespace {

using Backing = domain::Description::Backing;

absl::Status About(const domain::Description& vm, const absl::Status& status) {
  return {status.code(), fmt::format("VM {} ({}): {}", vm.name, vm.uuid, ToString(status.message()))};
}

}  // namespace

ProcResidencyProbe::ProcResidencyProbe(Options options)
    : processes_(std::move(options.root)), run_dir_(std::move(options.run_dir)) {}

absl::StatusOr<PerTier<Bytes>> ProcResidencyProbe::Measure(const ResidencyTarget& target) {
  const domain::Description& vm = target.domain;
  if (!vm.cells) {
    return About(vm, absl::FailedPreconditionError(fmt::format("it is not two-tier: {}", vm.not_tiered)));
  }
  std::optional<Place> known;
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = places_.find(vm.uuid); it != places_.end()) known = it->second;
  }
  if (known && known->backends == vm.backends && known->backing == vm.backing) {
    absl::StatusOr<PerTier<Bytes>> measured = MeasureAt(*known);
    if (measured.ok()) return measured;
  }
  const absl::StatusOr<Place> place = Find(vm);
  absl::StatusOr<PerTier<Bytes>> measured = place.ok() ? MeasureAt(*place) : place.status();
  if (measured.ok()) {
    Remember(vm.uuid, *place);
    return measured;
  }
  if (known) {
    const std::lock_guard lock(mutex_);
    places_.erase(vm.uuid);
  }
  return About(vm, measured.status());
}

absl::StatusOr<ProcResidencyProbe::Located> ProcResidencyProbe::Locate(const domain::Description& vm) const {
  if (!vm.cells) return About(vm, absl::FailedPreconditionError(fmt::format("it is not two-tier: {}", vm.not_tiered)));
  const absl::StatusOr<Place> place = Find(vm);
  if (!place.ok()) return About(vm, place.status());
  const absl::StatusOr<std::string> maps = processes_.Maps(place->process);
  if (!maps.ok()) return About(vm, maps.status());
  const std::vector<Mapping> mappings = ParseMappings(*maps);
  const absl::StatusOr<std::vector<Mapping>> backends = place->backing == Backing::kAnonymous
                                                            ? MatchAnonymous(mappings, place->backends)
                                                            : MappingsOf(mappings, place->files);
  if (!backends.ok()) return About(vm, backends.status());
  Located located{.process = place->process, .mappings = {}};
  for (std::size_t i = 0; i < backends->size(); ++i) {
    located.mappings[place->backends[i].tier].push_back((*backends)[i]);
  }
  return located;
}

std::size_t ProcResidencyProbe::remembered() const {
  const std::lock_guard lock(mutex_);
  return places_.size();
}

absl::StatusOr<ProcResidencyProbe::Place> ProcResidencyProbe::Find(const domain::Description& vm) const {
  if (vm.name.empty() || vm.name.find('/') != std::string::npos) {
    return absl::InvalidArgumentError("its name cannot be a file name");
  }
  const absl::StatusOr<ProcessId> process = processes_.FindQemu(fmt::format("{}/{}.pid", run_dir_, vm.name), vm.uuid);
  if (!process.ok()) return process.status();
  Place place{.process = *process, .backing = vm.backing, .backends = vm.backends, .files = {}};
  if (vm.backing == Backing::kAnonymous) return place;

  const absl::StatusOr<std::vector<OpenFile>> files = processes_.OpenFiles(*process);
  if (!files.ok()) return files.status();
  const absl::StatusOr<std::vector<OpenFile>> matched =
      vm.backing == Backing::kMemfd ? MatchMemfds(*files, vm.backends) : MatchRamFiles(*files, vm.backends);
  if (!matched.ok()) return matched.status();
  const absl::StatusOr<std::string> maps = processes_.Maps(*process);
  if (!maps.ok()) return maps.status();
  if (absl::Status status = CheckShared(ParseMappings(*maps), *matched); !status.ok()) return status;
  place.files = *matched;
  return place;
}

absl::StatusOr<PerTier<Bytes>> ProcResidencyProbe::MeasureAt(const Place& place) const {
  PerTier<Bytes> resident;
  if (place.backing == Backing::kAnonymous) {
    if (absl::Status status = processes_.CheckAlive(place.process); !status.ok()) return status;
    const absl::StatusOr<std::string> smaps = processes_.Smaps(place.process);
    if (!smaps.ok()) return smaps.status();
    const absl::StatusOr<std::vector<Mapping>> mappings = MatchAnonymous(ParseMappings(*smaps), place.backends);
    if (!mappings.ok()) return mappings.status();
    for (std::size_t i = 0; i < mappings->size(); ++i) resident[place.backends[i].tier] += (*mappings)[i].resident;
    return resident;
  }
  // The inode is proof enough that this is the same process: the kernel gives no two living files of a file system the
  // same.
  for (std::size_t i = 0; i < place.files.size(); ++i) {
    const absl::StatusOr<Bytes> allocated = processes_.Allocated(place.process, place.files[i]);
    if (!allocated.ok()) return allocated.status();
    resident[place.backends[i].tier] += *allocated;
  }
  return resident;
}

void ProcResidencyProbe::Remember(const std::string& uuid, const Place& place) {
  const std::lock_guard lock(mutex_);
  places_[uuid] = place;
  if (places_.size() < sweep_at_) return;
  std::erase_if(places_, [&](const auto& entry) { return !processes_.CheckAlive(entry.second.process).ok(); });
  // Doubling keeps the cost of sweeping proportional to that of remembering.
  sweep_at_ = std::max<std::size_t>(64, 2 * places_.size());
}

}  // namespace hypertier
