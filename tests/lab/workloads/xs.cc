// SPDX-License-Identifier: Apache-2.0
// Look-ups of neutron cross sections, in the manner of XSBench: a random energy is searched in a grid that unites those
// of all nuclides, then each nuclide of a random material is interpolated at that energy.
#include <algorithm>
#include <atomic>
#include <cmath>

#include "tests/lab/workloads/workload.h"

namespace {

constexpr uint64_t kPiece = 64;  // look-ups between two looks at the queue
constexpr uint32_t kReactions = 5;
constexpr uint32_t kMaterials = 12;
constexpr uint32_t kNuclides = 64;

// One point of a nuclide's grid: five cross sections at an energy.
struct Point {
  double energy;
  double sections[kReactions];
};

// What is made up of what. The fuel has most nuclides and is asked for most often, as in a reactor.
struct Material {
  double share;
  uint32_t first, count;
};

class Reactor {
 public:
  Reactor(uint64_t points, uint64_t seed)
      : points_(points),
        nuclides_(lab::Allocate<Point>(kNuclides * points)),
        energies_(lab::Allocate<double>(kNuclides * points)),
        indices_(lab::Allocate<uint32_t>(kNuclides * points * kNuclides)) {
    for (uint32_t n = 0; n < kNuclides; n++) MakeNuclide(n, seed);
    Unite();
    for (uint32_t m = 0; m < kMaterials; m++) {
      const uint32_t count = m == 0 ? kNuclides / 2 : 4 + m;
      materials_[m] = {m == 0  ? 0.14
                       : m < 4 ? 0.15
                               : 0.05,
                       static_cast<uint32_t>(lab::Mix(m) % (kNuclides - count)), count};
    }
  }

  static uint64_t BytesAPoint() { return kNuclides * (sizeof(Point) + sizeof(double) + kNuclides * sizeof(uint32_t)); }

  const Material& Draw(lab::Random& random) const {
    double left = random.Unit();
    uint32_t m = 0;
    while (m + 1 < kMaterials && (left -= materials_[m].share) >= 0) m++;
    return materials_[m];
  }

  // The sum over the material's nuclides.
  void LookUp(double energy, const Material& material, double (&sum)[kReactions]) const {
    const double* const first = energies_;
    const double* const end = first + kNuclides * points_;
    const uint64_t row = static_cast<uint64_t>(std::upper_bound(first, end, energy) - first);
    for (uint32_t n = material.first; n < material.first + material.count; n++) {
      Interpolate(n, indices_[(row - (row != 0)) * kNuclides + n], energy, sum);
    }
  }

  // The same with a search in each nuclide's own grid.
  void LookUpSlowly(double energy, const Material& material, double (&sum)[kReactions]) const {
    for (uint32_t n = material.first; n < material.first + material.count; n++) {
      uint32_t low = 0;
      while (low + 2 < points_ && nuclides_[n * points_ + low + 1].energy <= energy) low++;
      Interpolate(n, low, energy, sum);
    }
  }

 private:
  void MakeNuclide(uint32_t nuclide, uint64_t seed) {
    lab::Random random(seed, nuclide);
    double energy = 0;
    Point* const grid = nuclides_ + nuclide * points_;
    for (uint64_t i = 0; i < points_; i++) {
      energy += random.Unit() + 1e-3;
      grid[i].energy = energy;
      for (double& section : grid[i].sections) section = random.Unit();
    }
    for (uint64_t i = 0; i < points_; i++) grid[i].energy /= energy;
  }

  // Merges all grids; for each energy, the point of each nuclide at or below it.
  void Unite() {
    uint32_t at[kNuclides] = {};
    for (uint64_t row = 0; row < kNuclides * points_; row++) {
      uint32_t least = 0;
      double energy = INFINITY;
      for (uint32_t n = 0; n < kNuclides; n++) {
        if (at[n] < points_ && nuclides_[n * points_ + at[n]].energy < energy) {
          energy = nuclides_[n * points_ + at[n]].energy;
          least = n;
        }
      }
      at[least]++;
      energies_[row] = energy;
      for (uint32_t n = 0; n < kNuclides; n++) {
        indices_[row * kNuclides + n] = std::min(at[n] - (at[n] != 0), static_cast<uint32_t>(points_) - 2);
      }
    }
  }

  void Interpolate(uint32_t nuclide, uint32_t low, double energy, double (&sum)[kReactions]) const {
    const Point& from = nuclides_[nuclide * points_ + low];
    const Point& to = nuclides_[nuclide * points_ + low + 1];
    const double share = (energy - from.energy) / (to.energy - from.energy);
    for (uint32_t r = 0; r < kReactions; r++) sum[r] += from.sections[r] + share * (to.sections[r] - from.sections[r]);
  }

  uint64_t points_;
  Point* nuclides_;
  double* energies_;
  uint32_t* indices_;
  Material materials_[kMaterials];
};

bool Agree(const Reactor& reactor, uint64_t lookups, uint64_t seed) {
  lab::Random random(seed, 0);
  for (uint64_t i = 0; i < lookups; i++) {
    const double energy = random.Unit();
    const Material& material = reactor.Draw(random);
    double fast[kReactions] = {}, slow[kReactions] = {};
    reactor.LookUp(energy, material, fast);
    reactor.LookUpSlowly(energy, material, slow);
    if (!std::equal(fast, fast + kReactions, slow)) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "xs", "Look-ups of neutron cross sections.");
  const uint64_t bytes = work.Size("bytes", 96 << 20, 2 << 20);
  const uint64_t lookups = work.Size("lookups", 128 << 10, 4096);
  work.options.CheckAll();

  const uint64_t points = bytes / Reactor::BytesAPoint();
  if (points < 4) lab::Fail("--bytes is too small for a grid");
  const Reactor reactor(points, work.seed);
  if (work.verify) return work.Verified(Agree(reactor, lookups, work.seed), "the united grid leads to another result");
  const uint64_t pieces = (lookups + kPiece - 1) / kPiece;
  std::atomic<uint64_t> checksum = 0;
  work.Measure([&](uint64_t pass) {
    work.team.ForEach(pieces, [&](unsigned, uint64_t piece) {
      lab::Random random(work.seed, pass * pieces + piece);
      uint64_t best = 0;
      for (uint64_t i = 0; i < kPiece; i++) {
        double sum[kReactions] = {};
        const double energy = random.Unit();
        reactor.LookUp(energy, reactor.Draw(random), sum);
        best += static_cast<uint64_t>(std::max_element(sum, sum + kReactions) - sum);
      }
      checksum += best;
    });
  });
  work.AddChecksum(checksum);
  return work.Report(work.passes() * pieces * kPiece);
}
