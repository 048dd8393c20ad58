// SPDX-License-Identifier: Apache-2.0
#include "host-service/qos/water_fill.h"

#include <algorithm>
#include <cstdint>

namespace hypertier::qos {
namespace {

// Where, as the level rises, one begins or ceases to get more.
struct Turn {
  double level;
  double weight;
};

Bytes SumOf(std::span<const Contender> contenders, Bytes Contender::*field) {
  Bytes sum;
  for (const Contender& one : contenders) sum += one.*field;
  return sum;
}

double AsDouble(Bytes bytes) {
  return static_cast<double>(bytes.count());
}

// `total` is not less than the least of all together, and less than the most.
double LevelFor(Bytes total, std::span<const Contender> contenders) {
  std::vector<Turn> turns;
  turns.reserve(2 * contenders.size());
  for (const Contender& one : contenders) {
    turns.push_back({AsDouble(one.least) / one.weight, one.weight});
    turns.push_back({AsDouble(one.most) / one.weight, -one.weight});
  }
  std::ranges::sort(turns, {}, &Turn::level);
  double left = AsDouble(total) - AsDouble(SumOf(contenders, &Contender::least));
  double level = 0;
  double rising = 0;
  for (const Turn& turn : turns) {
    const double step = (turn.level - level) * rising;
    if (step > left) break;
    left -= step;
    level = turn.level;
    rising += turn.weight;
  }
  // Rounding may leave a trace of a weight.
  return rising > 1e-9 ? level + left / rising : level;
}

Bytes WholePages(double bytes) {
  return PageDown(Bytes(static_cast<std::uint64_t>(bytes)));
}

}  // namespace

std::vector<Bytes> WaterFill(Bytes total, std::span<const Contender> contenders) {
  std::vector<Contender> bounded(contenders.begin(), contenders.end());
  for (Contender& one : bounded) one.least = std::min(one.least, one.most);
  if (SumOf(bounded, &Contender::least) > total) {
    for (Contender& one : bounded) one = {one.weight, Bytes(), one.least};
  }
  std::vector<Bytes> amounts;
  amounts.reserve(bounded.size());
  if (SumOf(bounded, &Contender::most) <= total) {
    for (const Contender& one : bounded) amounts.push_back(one.most);
    return amounts;
  }
  const double level = LevelFor(total, bounded);
  Bytes left = total - SumOf(bounded, &Contender::least);
  for (const Contender& one : bounded) {
    const double wanted = std::clamp(level * one.weight, AsDouble(one.least), AsDouble(one.most));
    // Never more than there is, however the level was rounded.
    const Bytes beyond = std::min({WholePages(wanted) - one.least, one.most - one.least, left});
    amounts.push_back(one.least + beyond);
    left -= beyond;
  }
  return amounts;
}

}  // namespace hypertier::qos
