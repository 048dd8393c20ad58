// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/gains.h"

#include <algorithm>

namespace hypertier::qos {
namespace {

double Mean(const Gain& a, const Gain& b) {
  const auto weight = [](const Gain& gain) { return static_cast<double>(gain.amount.count()); };
  return (a.hits * weight(a) + b.hits * weight(b)) / (weight(a) + weight(b));
}

}  // namespace

std::vector<Gain> GainsOf(const Vm& vm, Bytes from, Bytes to) {
  std::vector<Gain> gains;
  CurvePoint before;
  for (const CurvePoint& point : vm.curve) {
    const Bytes start = std::max(PageDown(before.fmem), from);
    const Bytes end = std::min(PageDown(point.fmem), to);
    const Bytes whole = point.fmem - before.fmem;
    if (end > start && whole > Bytes()) {
      const double slope = vm.access_rate * (point.share - before.share) / static_cast<double>(whole.count());
      gains.push_back({end - start, std::max(slope, 0.0)});
      while (gains.size() > 1 && gains[gains.size() - 2].hits < gains.back().hits) {
        Gain& last = gains[gains.size() - 2];
        last = {last.amount + gains.back().amount, Mean(last, gains.back())};
        gains.pop_back();
      }
    }
    before = point;
  }
  return gains;
}

std::vector<Gain> Favoured(const std::vector<Gain>& gains, Bytes first, double factor) {
  std::vector<Gain> favoured;
  for (const Gain& gain : gains) {
    const Bytes within = std::min(gain.amount, first);
    if (within > Bytes()) favoured.push_back({within, gain.hits * factor});
    if (within < gain.amount) favoured.push_back({gain.amount - within, gain.hits});
    first -= within;
  }
  return favoured;
}

}  // namespace hypertier::qos
