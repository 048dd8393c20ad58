// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/bytes.h"

namespace hypertier::qos {

// Knobs of the planner, with their reasons.
struct Options {
  // Of a reservation that lies idle, so much is lent to others. Not all of it: its owner's first steps should not have
  // to wait for anybody. (As in Waldspurger, Memory Resource Management in VMware ESX Server, OSDI 2002, 5.3.)
  double idle_tax = 0.75;

  // Of the accesses, the share that a VM's FMEM must serve for the rest of it to count as idle.
  double busy_share = 0.98;

  // A VM is taken to want so much more than it uses, as a share of that: room for what comes in the next period.
  double headroom = 0.1;

  // From this pressure on a VM is taken to want so much more than it has, as a share of that.
  double pressure = 0.1;
  double pressure_step = 0.25;

  // Burst that a VM has counts for so much more than the same for another: what guests tell of their accesses is off by
  // as much, and memory would go back and forth for nothing.
  double incumbency = 0.1;

  // A target that is off by less stays as it is: a share of what it should be, and at least so much. Reservations are
  // exact.
  double hysteresis = 0.01;
  Bytes least_change = Bytes::MiB(16);

  // Of the way to its new share of what nobody reserved, a VM goes so much in each period, and at least so much.
  double burst_step = 0.5;
  Bytes least_step = Bytes::MiB(64);
};

}  // namespace hypertier::qos
