// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cmath>

namespace hypertier::ranges {

// Accesses to some pages, and how well they are known. The amount may be a count or a rate, as long as it is the same
// in what is compared.
struct Evidence {
  double amount = 0;
  // Variance of the amount for each unit of it. Samples come independently, so the variance of a sum of weights is the
  // sum of their squares, and grows with the amount that is to be expected.
  double unit = 0;
  double pages = 0;

  double density() const { return amount / pages; }
  // Of how many equal samples the amount is made.
  double samples() const { return unit > 0 ? amount / unit : 0; }

  friend Evidence operator+(const Evidence& a, const Evidence& b) {
    const double sum = a.amount + b.amount;
    const double mean = sum > 0 ? (a.amount * a.unit + b.amount * b.unit) / sum : std::max(a.unit, b.unit);
    return {sum, mean, a.pages + b.pages};
  }
};

// By how much two densities differ by chance, were both the same.
inline double StandardError(const Evidence& a, const Evidence& b) {
  const double density = (a.amount + b.amount) / (a.pages + b.pages);
  return std::sqrt(density * (a.unit / a.pages + b.unit / b.pages));
}

// The difference between two densities in these.
inline double StandardErrors(const Evidence& a, const Evidence& b) {
  const double error = StandardError(a, b);
  return error > 0 ? std::abs(a.density() - b.density()) / error : 0;
}

// How much is in the wrong place if both are treated as one: what a cut between them gains, and what joining them
// loses.
inline double Contrast(const Evidence& a, const Evidence& b) {
  return std::abs(a.density() - b.density()) * std::min(a.pages, b.pages);
}

}  // namespace hypertier::ranges
