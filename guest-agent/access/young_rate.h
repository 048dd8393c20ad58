// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "guest-agent/ranges/types.h"

namespace hypertier::agent {

// Accessed bits of one chunk: entries of the page table with a bit each, and how many of the bits are set. 512 base
// pages have 512, a 2 MiB page has one.
struct YoungBits {
  unsigned entries = 0;
  unsigned young = 0;
};

// Accesses a second to the chunk, by bits that were clear a `window` ago. A bit says "at least one access"; where
// accesses come independently, at a rate r to each entry, a share f = 1 - exp(-r * window) of the bits is set, so
//
//   accesses a second = entries * r = -ln(1 - f) * entries / window.
//
// When all bits are set only a lower end is known: f then counts as half a bit less than 1. `window` must not be 0.
double YoungRate(YoungBits bits, ranges::Seconds window);

// So many bits are set that the rate is hardly known: a shorter window would tell more.
bool Saturated(YoungBits bits);

}  // namespace hypertier::agent
