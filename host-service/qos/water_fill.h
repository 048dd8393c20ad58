// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "common/bytes.h"

namespace hypertier::qos {

// One that competes for an amount.
struct Contender {
  // Above 0; twice the weight gets twice as much, as long as neither end is reached.
  double weight = 1.0;
  Bytes least;
  Bytes most;
};

// Weighted max-min fairness (Bertsekas and Gallager, Data Networks, 2nd edition, 6.5.2, with weights and lower bounds):
// each gets clamp(level x weight, least, most), with the level that spends `total`, or all get their most if that is
// less. Where the least of all is more than there is, it is what they compete for. Whole pages; at most a page each is
// left over. O(n log n).
std::vector<Bytes> WaterFill(Bytes total, std::span<const Contender> contenders);

}  // namespace hypertier::qos
