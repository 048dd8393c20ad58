// SPDX-License-Identifier: Apache-2.0
//
// fleet_guests FOLDER COUNT [FMEM_MIB SMEM_MIB]: the guests' ends of COUNT agent channels, each with the real agent's
// session behind it, on sockets FOLDER/0 to FOLDER/COUNT-1; until SIGTERM. With sizes, each guest has cells of these,
// and says where its hot memory is, but for every fourth, which does not know; without, none says it.
#include <signal.h>
#include <sys/resource.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "host-service/channel/fake_guests.h"

namespace {

using hypertier::Bytes;
using hypertier::agent::FakeGuest;
using hypertier::agent::PlacementFigures;

std::shared_ptr<const PlacementFigures> PlacementOf(std::size_t number, Bytes fmem) {
  constexpr int kPoints = 16;
  PlacementFigures figures;
  figures.source = number % 2 == 0 ? "pebs" : "accessed-bit";
  figures.source_reason = "a simulated guest";
  figures.hit_ratio = 0.55 + 0.04 * static_cast<double>(number % 10);
  figures.access_rate = 1e6 * static_cast<double>(1 + number % 7);
  // How steep the curve is differs from guest to guest.
  const double steep = 1.5 + static_cast<double>(number % 5);
  for (int i = 1; i <= kPoints; ++i) {
    const double part = static_cast<double>(i) / kPoints;
    figures.curve.push_back({hypertier::PagesOf(fmem, part), (1 - std::exp(-steep * part)) / (1 - std::exp(-steep))});
  }
  figures.hot_set = hypertier::PagesOf(fmem, 0.4);
  figures.ranges = 120;
  figures.processes = 3;
  figures.samples = 1'000'000;
  figures.samples_lost = 12;
  figures.exchanged = Bytes::MiB(640);
  figures.promoted = Bytes::MiB(96);
  figures.demoted = Bytes::MiB(80);
  figures.sampling_cpu_ns = 2'500'000'000;
  figures.classification_cpu_ns = 1'250'000'000;
  figures.migration_cpu_ns = 800'000'000;
  return std::make_shared<const PlacementFigures>(figures);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 5) {
    std::fprintf(stderr, "usage: fleet_guests FOLDER COUNT [FMEM_MIB SMEM_MIB]\n");
    return 2;
  }
  // A listening socket and a client each.
  rlimit files = {};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  sigset_t end;
  sigemptyset(&end);
  sigaddset(&end, SIGTERM);
  sigaddset(&end, SIGINT);
  sigprocmask(SIG_BLOCK, &end, nullptr);

  const auto shape = [&](std::size_t number, FakeGuest& guest) {
    if (argc == 3) return;
    const auto mib = [&](int argument) { return Bytes::MiB(std::strtoul(argv[argument], nullptr, 10)); };
    const hypertier::PerTier<Bytes> cells(mib(3), mib(4));
    for (const hypertier::TierId tier : hypertier::kTiers) {
      guest.snapshot.tiers[tier]->present = cells[tier];
      guest.snapshot.tiers[tier]->free = hypertier::PagesOf(cells[tier], 0.2);
    }
    if (number % 4 != 3) guest.placement = PlacementOf(number, cells.fmem());
  };
  using hypertier::channel::FakeGuests;
  const std::vector<FakeGuests::Kind> kinds(std::strtoul(argv[2], nullptr, 10), FakeGuests::Kind::kHonest);
  const FakeGuests guests(argv[1], kinds, std::chrono::milliseconds(50), shape);
  int signal = 0;
  sigwait(&end, &signal);
}
