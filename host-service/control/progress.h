// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/time/time.h"
#include "host-service/control/options.h"
#include "host-service/control/vm.h"

namespace hypertier::control {

// How far an operation has come.
struct Progress {
  // The guest has shown the operation's generation: it is RUNNING, no longer PENDING.
  bool confirmed = false;
  // Guest and host agree that the targets of all named tiers are reached.
  bool reached = false;
  // What it waits for, for people.
  std::string waits_for;
};

// Judges by the newest report and measurement. `waiting_reason` is StandingOf(vm).reason.
Progress JudgeProgress(const Vm& vm, const OperationRecord& operation, const std::string& waiting_reason,
                       const EngineOptions& options, absl::Duration now);

// The figures to show for one named tier.
TierProgress FiguresOf(const Vm& vm, const OperationRecord& operation, TierId tier);

// The balloon of the tier holds what our target leaves over, as the guest says.
bool BalloonAtTarget(const Vm& vm, TierId tier);

// The guest shows our targets as its own and its balloons hold exactly that.
bool GuestAtTarget(const Vm& vm);

}  // namespace hypertier::control
