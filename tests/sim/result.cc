// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/result.h"

#include <algorithm>

namespace hypertier::sim {
namespace {

double Sum(const Result& result, double Moment::*field) {
  double sum = 0;
  for (const GroupResult& group : result.groups) {
    for (const Moment& moment : group.line) sum += moment.*field;
  }
  return sum;
}

}  // namespace

double Result::accesses() const {
  return Sum(*this, &Moment::accesses);
}

double Result::served() const {
  return Sum(*this, &Moment::served);
}

Seconds Result::longest_unmet() const {
  Seconds longest = 0;
  for (const GroupResult& group : groups) {
    for (const TierId tier : kTiers) longest = std::max(longest, group.unmet[tier].longest);
  }
  return longest;
}

}  // namespace hypertier::sim
