// SPDX-License-Identifier: Apache-2.0
//
// One plan of hypertierd's planner, for hosts of many VMs in 50 tenants, of which each has a hotness curve of 16 points
// and FMEM is over-committed twofold. Beside it a sort of as many numbers, the least that any ranking must do.
// tests/bench/fleet runs it.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <random>
#include <vector>

#include "host-service/qos/planner.h"

namespace {

using hypertier::Bytes;
using hypertier::TierId;
namespace qos = hypertier::qos;

constexpr std::size_t kTenants = 50;

qos::Snapshot MakeHost(std::size_t vms) {
  std::mt19937 random(1);
  const auto pick = [&](std::uint64_t least, std::uint64_t most) {
    return std::uniform_int_distribution<std::uint64_t>(least, most)(random);
  };
  qos::Snapshot host;
  host.capacity = {Bytes::GiB(2 * vms), Bytes::GiB(16 * vms)};
  for (std::size_t t = 0; t < kTenants; ++t) {
    qos::Tenant& tenant = host.tenants.emplace_back();
    tenant.name = std::to_string(t);
    tenant.policy.fmem().shares = 1.0 + static_cast<double>(t % 4);
  }
  for (std::size_t i = 0; i < vms; ++i) {
    qos::Vm& vm = host.vms.emplace_back();
    vm.tenant = i % kTenants;
    vm.policy.fmem() = {
        .reservation = Bytes::GiB(1), .limit = Bytes::GiB(8), .shares = 1.0 + static_cast<double>(i % 3)};
    for (const TierId tier : hypertier::kTiers) {
      qos::VmTier& of = vm.tiers[tier];
      of.size = Bytes::GiB(tier == TierId::kFmem ? 8 : 16);
      of.floor = Bytes::MiB(64);
      of.target = of.held = Bytes::MiB(pick(512, 2048));
    }
    vm.used = Bytes::GiB(pick(2, 12));
    vm.access_rate = static_cast<double>(pick(1'000, 10'000'000));
    double share = 0;
    for (std::uint64_t point = 1; point <= 16; ++point) {
      share += (1 - share) * 0.3;
      vm.curve.push_back({Bytes::MiB(256 * point), point == 16 ? 1.0 : share});
    }
  }
  return host;
}

void Plan(benchmark::State& state) {
  const qos::Snapshot host = MakeHost(static_cast<std::size_t>(state.range(0)));
  const auto policy = *qos::MakeBurstPolicy("hotness");
  for (auto _ : state) benchmark::DoNotOptimize(qos::MakePlan(host, *policy));
}
BENCHMARK(Plan)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

void Sort(benchmark::State& state) {
  std::mt19937 random(1);
  std::vector<double> numbers(static_cast<std::size_t>(state.range(0)));
  for (double& number : numbers) number = static_cast<double>(random());
  for (auto _ : state) {
    std::vector<double> copy = numbers;
    std::sort(copy.begin(), copy.end());
    benchmark::DoNotOptimize(copy);
  }
}
BENCHMARK(Sort)->Arg(1'000)->Arg(10'000)->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
