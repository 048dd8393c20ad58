// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "host-service/control/options.h"
#include "host-service/control/promises.h"
#include "host-service/control/vm.h"

namespace hypertier::control {

// One tier of a ResizeVm, as it was asked for.
struct TierChange {
  // Absent: unspecified or unknown.
  std::optional<TierId> tier;
  // Nothing given, a target, or a difference in bytes against the target in force.
  std::variant<std::monostate, Bytes, std::int64_t> amount;
};

struct ResizeRequest {
  // As FleetSnapshot::FindVm takes it.
  std::string vm;
  std::vector<TierChange> tiers;
  std::optional<absl::Duration> timeout;
  bool validate_only = false;
  Caller caller;
};

// What a good request comes to.
struct CheckedResize {
  // Of the tiers named.
  PerTier<std::optional<Bytes>> named;
  // Of both tiers.
  PerTier<Bytes> targets;
  absl::Duration timeout;
};

// The lowest target that a resize may ask for: the configured floor (with virtio-mem the base, where that is more),
// raised by what the guest says that it needs. The guest's part is a hint from someone who may lie, so it counts up to
// half the cell and up to the target in force: an honest guest is spared resizes that it could not survive, a lying one
// can withhold at most half its cell and can never refuse to grow. What an honest guest really cannot give beyond that
// shows as a shortfall, not as harm, because hyperflex never reclaims into an out-of-memory kill.
Bytes FloorOf(const Vm& vm, TierId tier, const EngineOptions& options);

// Checks a request against a VM with known targets. InvalidArgument and OutOfRange name the field, the bound and the
// remedy.
absl::StatusOr<CheckedResize> CheckResize(const Vm& vm, const ResizeRequest& request, const EngineOptions& options);

}  // namespace hypertier::control
