// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/young_rate.h"

#include <algorithm>
#include <cmath>

namespace hypertier::agent {
namespace {

// At three fifths the rate of 512 bits is still known to 6 %; at 95 % to 9 %, but one page in constant use more or less
// then begins to count.
constexpr double kSaturated = 0.6;

}  // namespace

double YoungRate(YoungBits bits, ranges::Seconds window) {
  if (bits.entries == 0 || bits.young == 0) return 0;
  const double entries = bits.entries;
  const double share = std::min(bits.young / entries, 1 - 0.5 / entries);
  return -std::log1p(-share) * entries / window.count();
}

bool Saturated(YoungBits bits) {
  return bits.young > kSaturated * bits.entries;
}

}  // namespace hypertier::agent
