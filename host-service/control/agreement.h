// SPDX-License-Identifier: Apache-2.0
//
// Who wins when host and guest differ on the targets (docs/architecture.md): the ledger, unless an operator has set a
// total with virsh setmem, or the ledger has nothing.
#pragma once

#include "absl/time/time.h"
#include "host-service/control/options.h"
#include "host-service/control/vm.h"

namespace hypertier::control {

enum class Agreement {
  // The guest works towards our targets.
  kAgreed,
  // It does not (yet): tell it ours.
  kTell,
  // Ours carry a generation that this guest has seen exceeded: take a newer one, then tell it.
  kRenew,
  // Take the guest's targets as ours and write them down: a total was set, or the ledger had none.
  kAdopt,
  // Take the guest's targets as they are from its boot, without writing them down: until somebody sets targets the
  // domain's own boot string is what the
  // operator edits.
  kAdoptBoot,
  // The report says nothing usable about targets.
  kUnclear,
};

// Judges a guest's newest report (vm.link.report). Pure.
Agreement Compare(const Vm& vm);

// Targets that a guest's balloon targets amount to, within the cells and whole pages.
PerTier<Bytes> TargetsFromBalloons(const PerTier<Bytes>& cells, const PerTier<Bytes>& balloons);

}  // namespace hypertier::control
