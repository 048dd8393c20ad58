// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace hypertier {

// Share of a guest's accesses that FMEM would serve, by how much there is of it: the points of its hotness curve, with
// straight lines between them, from nothing at 0 bytes.
class HitCurve {
 public:
  // Points come in rising order.
  void Add(double bytes, double share) { points_.emplace_back(bytes, share); }
  bool empty() const { return points_.empty(); }

  double At(double bytes) const {
    double from = 0;
    double share = 0;
    for (const auto& [to, share_there] : points_) {
      if (to >= bytes && to > from) return share + (share_there - share) * (bytes - from) / (to - from);
      from = to;
      share = share_there;
    }
    return share;
  }

 private:
  std::vector<std::pair<double, double>> points_;
};

// The sizes of FMEM at which metrics show a curve, as parts of its cell.
struct CellPart {
  std::string_view percent;
  double part;
};
inline constexpr std::array<CellPart, 5> kCellParts = {
    {{"10", 0.1}, {"25", 0.25}, {"50", 0.5}, {"75", 0.75}, {"100", 1}}};

}  // namespace hypertier
