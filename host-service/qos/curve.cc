// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/curve.h"

#include <algorithm>

namespace hypertier::qos {

double ShareServed(const std::vector<CurvePoint>& curve, Bytes fmem) {
  double share = 0;
  CurvePoint before;
  for (const CurvePoint& point : curve) {
    const double have = static_cast<double>((std::min(fmem, point.fmem) - before.fmem).count());
    const double whole = static_cast<double>((point.fmem - before.fmem).count());
    if (whole > 0) share += have / whole * (point.share - before.share);
    before = point;
  }
  return share;
}

Bytes FmemServing(const std::vector<CurvePoint>& curve, double share) {
  CurvePoint before;
  for (const CurvePoint& point : curve) {
    if (point.share >= share) {
      const double way = point.share > before.share ? (share - before.share) / (point.share - before.share) : 1;
      return before.fmem + PagesOf(point.fmem - before.fmem, way);
    }
    before = point;
  }
  return before.fmem;
}

}  // namespace hypertier::qos
