// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/resize_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"

namespace hypertier::control {
namespace {

// In words, what a tier of the VM moves in.
std::string_view StepOf(const Vm& vm) {
  return vm.description->virtio_mem ? "the block in which its virtio-mem device moves"
                                    : "the page in which balloons move";
}

// The target that `change` asks for. `field` is "tiers[i]".
absl::StatusOr<Bytes> WantedTarget(const Vm& vm, const TierChange& change, const std::string& field) {
  const Bytes in_force = vm.targets->bytes[*change.tier];
  const Bytes base = vm.description->Base(*change.tier);
  const std::uint64_t step = vm.description->Granularity(*change.tier).count();
  if (const Bytes* target = std::get_if<Bytes>(&change.amount)) {
    // Below the base it is refused for that, with the floor.
    if (*target >= base && (*target - base).count() % step != 0) {
      return absl::InvalidArgumentError(
          fmt::format("{}.target_bytes: {} is not {}a multiple of {}, {}; round it to {}", field, target->count(),
                      base == Bytes() ? "" : fmt::format("the base, {} bytes, and ", base.count()), step, StepOf(vm),
                      MeetableTarget(vm, *change.tier, *target).count()));
    }
    return *target;
  }
  const std::int64_t* delta = std::get_if<std::int64_t>(&change.amount);
  if (delta == nullptr) {
    return absl::InvalidArgumentError(fmt::format("{}: no amount; set target_bytes or delta_bytes", field));
  }
  // -x of the smallest int64 does not exist; unsigned arithmetic gives its magnitude.
  const std::uint64_t magnitude =
      *delta < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(*delta) : static_cast<std::uint64_t>(*delta);
  if (magnitude % step != 0) {
    return absl::InvalidArgumentError(
        fmt::format("{}.delta_bytes: {} is not a multiple of {}, {}", field, *delta, step, StepOf(vm)));
  }
  if (*delta < 0 && Bytes(magnitude) > in_force) {
    return absl::InvalidArgumentError(
        fmt::format("{}.delta_bytes: {} takes away more than the target in force, {} bytes ({})", field, *delta,
                    in_force.count(), FormatBytes(in_force)));
  }
  return *delta < 0 ? in_force - Bytes(magnitude) : in_force + Bytes(magnitude);
}

absl::StatusOr<absl::Duration> CheckTimeout(const ResizeRequest& request, const EngineOptions& options) {
  if (!request.timeout) return options.resize_timeout;
  if (*request.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError(fmt::format("timeout: {} is not positive; leave it out for the default, {}",
                                                  absl::FormatDuration(*request.timeout),
                                                  absl::FormatDuration(options.resize_timeout)));
  }
  if (*request.timeout > options.resize_timeout) {
    return absl::OutOfRangeError(fmt::format(
        "timeout: {} is above the maximum, {}; raise resize.timeout_s in hypertierd's configuration for more",
        absl::FormatDuration(*request.timeout), absl::FormatDuration(options.resize_timeout)));
  }
  return *request.timeout;
}

std::string WhyFloor(const Vm& vm, TierId tier, Bytes floor, const EngineOptions& options) {
  if (floor == std::min(options.floors[tier], vm.cells()[tier])) {
    return fmt::format("set by resize.{}_floor in hypertierd's configuration", TierName(tier));
  }
  if (floor == vm.description->Base(tier)) {
    return "the size of its guest cell, beside which virtio-mem plugs the rest; a smaller one needs a changed domain";
  }
  return "the least that the guest says it needs; free memory in the guest first";
}

}  // namespace

Bytes FloorOf(const Vm& vm, TierId tier, const EngineOptions& options) {
  const Bytes cell = vm.cells()[tier];
  const Bytes configured = std::max(std::min(options.floors[tier], cell), vm.description->Base(tier));
  if (!vm.Reports(tier) || !vm.targets) return configured;
  const GuestTier& guest = *vm.link.report->tiers[tier];
  // A balloon cannot hold what the kernel never had: memory lost to firmware and page tables counts as used.
  const Bytes hint = std::max(guest.floor, guest.present == Bytes() ? Bytes() : cell - guest.present);
  const Bytes believed = std::min({hint, Bytes(cell.count() / 2), vm.targets->bytes[tier]});
  return std::max(configured, PageDown(believed));
}

absl::StatusOr<CheckedResize> CheckResize(const Vm& vm, const ResizeRequest& request, const EngineOptions& options) {
  if (request.tiers.empty()) {
    return absl::InvalidArgumentError("tiers: empty; name one or both tiers with target_bytes or delta_bytes");
  }
  CheckedResize checked;
  checked.targets = vm.targets->bytes;
  const auto timeout = CheckTimeout(request, options);
  if (!timeout.ok()) return timeout.status();
  checked.timeout = *timeout;

  for (std::size_t i = 0; i < request.tiers.size(); ++i) {
    const TierChange& change = request.tiers[i];
    const std::string field = fmt::format("tiers[{}]", i);
    if (!change.tier) {
      return absl::InvalidArgumentError(
          fmt::format("{}.tier: unspecified; use TIER_KIND_FMEM or TIER_KIND_SMEM", field));
    }
    const TierId tier = *change.tier;
    if (checked.named[tier]) {
      return absl::InvalidArgumentError(
          fmt::format("{}.tier: {} is named twice; name each tier once", field, TierName(tier)));
    }
    const auto wanted = WantedTarget(vm, change, field);
    if (!wanted.ok()) return wanted.status();
    checked.named[tier] = *wanted;
    checked.targets[tier] = *wanted;
  }

  for (std::size_t i = 0; i < request.tiers.size(); ++i) {
    const TierId tier = *request.tiers[i].tier;
    const Bytes wanted = checked.targets[tier];
    // What is in force already is no new demand, even where a floor was raised since.
    if (wanted == vm.targets->bytes[tier]) continue;
    const Bytes cell = vm.cells()[tier];
    const Bytes floor = FloorOf(vm, tier, options);
    const std::string field =
        fmt::format("tiers[{}].{}", i, request.tiers[i].amount.index() == 1 ? "target_bytes" : "delta_bytes");
    if (wanted > cell) {
      return absl::OutOfRangeError(fmt::format(
          "{}: {} target of {} bytes ({}) is above the cell, {} bytes ({}); a larger cell needs a changed domain",
          field, TierName(tier), wanted.count(), FormatBytes(wanted), cell.count(), FormatBytes(cell)));
    }
    if (wanted > vm.promise.tiers[tier].limit) {
      return absl::OutOfRangeError(
          fmt::format("{}: {} target of {} bytes ({}) is above the VM's limit, {} bytes ({}), which is what it was "
                      "promised at most; tierctl explain says by whom",
                      field, TierName(tier), wanted.count(), FormatBytes(wanted), vm.promise.tiers[tier].limit.count(),
                      FormatBytes(vm.promise.tiers[tier].limit)));
    }
    if (wanted < floor) {
      return absl::OutOfRangeError(fmt::format("{}: {} target of {} bytes ({}) is below the floor, {} bytes ({}), {}",
                                               field, TierName(tier), wanted.count(), FormatBytes(wanted),
                                               floor.count(), FormatBytes(floor), WhyFloor(vm, tier, floor, options)));
    }
  }
  return checked;
}

}  // namespace hypertier::control
