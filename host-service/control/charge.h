// SPDX-License-Identifier: Apache-2.0
//
// What a VM counts against the host's capacity. The host must be able to pay what the guest may still legitimately
// touch, so each tier has a *ceiling*: the whole cell when the guest boots (or when hypertierd first sees it), lowered
// towards the target as far as the guest says that its balloon has come and the host's own measurement agrees or cannot
// be had, and raised at once with a larger target or a balloon that gives memory back (OOM). With virtio-mem the
// ceiling needs no guest's word: it is what is plugged, or may be by what is requested or our target. So a shrink
// lowers the charge only once the memory is really there for somebody else.
#pragma once

#include "host-service/control/vm.h"

namespace hypertier::control {

// The guest may own all of its cells again: it has booted, or we have just met it.
void ResetCeiling(Vm& vm);

// Brings the ceilings up to date with targets, report and residency. Call after any of them has changed.
void UpdateCeiling(Vm& vm, Bytes slack);

// The larger of ceiling and residency, less what is displaced; nothing for a VM that is not running.
Bytes ChargedOf(const Vm& vm, TierId tier);

// What the VM was seen to hold of a tier of the host. Only where it is measured.
Bytes HeldOf(const Vm& vm, TierId tier);

// Memory of the VM's FMEM cell that confinement has moved to the host's SMEM nodes, which have so much less room for
// others.
Bytes DisplacedOf(const Vm& vm);

// The same, and what may have come there since it was last looked at: not to be given to others, nor to be taken off
// the VM's charge.
Bytes OnSmemOf(const Vm& vm);

}  // namespace hypertier::control
