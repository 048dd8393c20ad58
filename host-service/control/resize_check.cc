// SPDX-License-Identifier: Apache-2.0
#include "host-service/control/resize_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/text.h"

namespace hypertier::control {
namespace {

bool WholePages(std::uint64_t bytes) {
  return bytes % kPage.count() == 0;
}

// The target that `change` asks for. `field` is "tiers[i]".
absl::StatusOr<Bytes> WantedTarget(const TierChange& change, Bytes in_force, const std::string& field) {
  if (const Bytes* target = std::get_if<Bytes>(&change.amount)) {
    if (!WholePages(target->count())) {
      return absl::InvalidArgumentError(
          fmt::format("{}.target_bytes: {} is not a multiple of 4096, the page in which balloons move; round it to {}",
                      field, target->count(), PageDown(*target).count()));
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
  if (!WholePages(magnitude)) {
    return absl::InvalidArgumentError(
        fmt::format("{}.delta_bytes: {} is not a multiple of 4096, the page in which balloons move", field, *delta));
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

}  // namespace

Bytes FloorOf(const Vm& vm, TierId tier, const EngineOptions& options) {
  const Bytes cell = vm.cells()[tier];
  const Bytes configured = std::min(options.floors[tier], cell);
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
    const Bytes in_force = vm.targets->bytes[tier];
    const auto wanted = WantedTarget(change, in_force, field);
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
      const bool configured = floor == std::min(options.floors[tier], cell);
      return absl::OutOfRangeError(fmt::format(
          "{}: {} target of {} bytes ({}) is below the floor, {} bytes ({}), {}", field, TierName(tier), wanted.count(),
          FormatBytes(wanted), floor.count(), FormatBytes(floor),
          configured ? fmt::format("set by resize.{}_floor in hypertierd's configuration", TierName(tier))
                     : std::string("the least that the guest says it needs; free memory in the guest first")));
    }
  }
  return checked;
}

}  // namespace hypertier::control
