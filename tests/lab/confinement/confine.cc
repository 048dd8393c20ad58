// SPDX-License-Identifier: Apache-2.0
//
// One step of hypertierd's confinement, on the machine that it runs on.
//
//   confine NAME UUID memfd|anonymous FMEM_BYTES SMEM_BYTES MOST_BYTES
//
// Prints "FAST SLOW MOVED" in bytes; node 0 is FMEM's, node 1 SMEM's. Exit status 1: the error or trouble is on
// standard error.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "common/text.h"
#include "host-service/confinement/numa_confiner.h"

using hypertier::Bytes;

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const auto bytes = [&](int i) { return Bytes(std::strtoull(argv[i], nullptr, 10)); };
  hypertier::domain::Description vm;
  vm.name = argv[1];
  vm.uuid = argv[2];
  vm.backing = std::string_view(argv[3]) == "memfd" ? hypertier::domain::Description::Backing::kMemfd
                                                    : hypertier::domain::Description::Backing::kAnonymous;
  vm.cells = hypertier::PerTier<Bytes>(bytes(4), bytes(5));
  vm.backends = {{hypertier::TierId::kFmem, "ram-node0", bytes(4)}, {hypertier::TierId::kSmem, "ram-node1", bytes(5)}};
  const hypertier::ProcResidencyProbe probe({});
  hypertier::NumaConfiner::Options options;
  options.nodes = {{0}, {1}};
  options.most_at_a_time = Bytes::MiB(64);
  hypertier::NumaConfiner confiner(options, &probe);
  const absl::StatusOr<hypertier::Confinement> confined = confiner.Confine(vm, bytes(6), Bytes::Max());
  const absl::Status status = confined.ok() ? confined->trouble : confined.status();
  if (!status.ok()) {
    fmt::print(stderr, "{}\n", hypertier::ToString(status.message()));
    return 1;
  }
  fmt::print("{} {} {}\n", confined->fast.count(), confined->slow.count(), confined->moved.count());
}
