// SPDX-License-Identifier: Apache-2.0
// Jacobi sweeps of a seven-point stencil over a cube, from one grid to the other and back. Nothing is hotter than
// anything else.
#include <cmath>
#include <utility>

#include "tests/lab/workloads/workload.h"

namespace {

class Cube {
 public:
  explicit Cube(uint64_t side)
      : side_(side),
        now_(lab::Allocate<double>(side * side * side)),
        next_(lab::Allocate<double>(side * side * side)) {}

  uint64_t side() const { return side_; }
  double* At(double* grid, uint64_t x, uint64_t y, uint64_t z) const { return grid + (z * side_ + y) * side_ + x; }
  double& operator()(uint64_t x, uint64_t y, uint64_t z) { return *At(now_, x, y, z); }

  // Both grids the same; the faces never change.
  template <typename Value>
  void Fill(const Value& value) {
    for (uint64_t z = 0; z < side_; z++) {
      for (uint64_t y = 0; y < side_; y++) {
        for (uint64_t x = 0; x < side_; x++) *At(now_, x, y, z) = *At(next_, x, y, z) = value(x, y, z);
      }
    }
  }

  // Each inner point becomes the mean of its six neighbours. A piece of work is a plane.
  void Sweep(lab::Team* team) {
    team->ForEach(side_ - 2, [&](unsigned, uint64_t plane) {
      for (uint64_t y = 1; y + 1 < side_; y++) {
        const double* from = At(now_, 1, y, plane + 1);
        double* to = At(next_, 1, y, plane + 1);
        for (uint64_t x = 1; x + 1 < side_; x++, from++, to++) {
          const double* const up = from + side_ * side_;
          const double* const down = from - side_ * side_;
          *to = (from[-1] + from[1] + *(from - side_) + from[side_] + *down + *up) / 6;
        }
      }
    });
    std::swap(now_, next_);
  }

 private:
  uint64_t side_;
  double* now_;
  double* next_;
};

// A linear field is a fixed point, and a disturbance of it dies out.
int Verify(lab::Workload& work, Cube& cube, uint64_t sweeps) {
  const auto linear = [](uint64_t x, uint64_t y, uint64_t z) { return static_cast<double>(x + 2 * y + 3 * z); };
  cube.Fill(linear);
  cube(cube.side() / 2, cube.side() / 2, cube.side() / 2) += 1000;
  for (uint64_t i = 0; i < sweeps; i++) cube.Sweep(&work.team);
  double worst = 0;
  for (uint64_t z = 0; z < cube.side(); z++) {
    for (uint64_t y = 0; y < cube.side(); y++) {
      for (uint64_t x = 0; x < cube.side(); x++) worst = std::max(worst, std::abs(cube(x, y, z) - linear(x, y, z)));
    }
  }
  return work.Verified(worst < 1e-3, "the field is off by " + std::to_string(worst));
}

}  // namespace

int main(int argc, char** argv) {
  lab::Workload work(argc, argv, "stencil", "Jacobi sweeps over a cube.");
  const uint64_t bytes = work.Size("bytes", 96 << 20, 64 << 10);
  const uint64_t sweeps = work.Size("sweeps", 4, 600);
  work.options.CheckAll();

  const auto side = static_cast<uint64_t>(std::cbrt(static_cast<double>(bytes) / 2 / sizeof(double)));
  if (side < 4) lab::Fail("--bytes is too small for a cube");
  Cube cube(side);
  if (work.verify) return Verify(work, cube, sweeps);
  cube.Fill(
      [&](uint64_t x, uint64_t y, uint64_t z) { return static_cast<double>(lab::Mix(x ^ y << 20 ^ z << 40) >> 11); });
  work.Measure([&](uint64_t) {
    for (uint64_t i = 0; i < sweeps; i++) cube.Sweep(&work.team);
  });
  return work.Report(work.passes() * sweeps * (side - 2) * (side - 2) * (side - 2));
}
