// SPDX-License-Identifier: Apache-2.0
//
// The two costs of the classifier: a sample, and a plan. Each beside something that the number means something against:
// samples counted in a std::map of ranges, as one would write it first; a plan against a sort of as many densities, the
// least that any ranking must do. tests/bench/classifier runs it.
#include <benchmark/benchmark.h>

#include <cmath>
#include <map>
#include <random>
#include <vector>

#include "guest-agent/ranges/classifier.h"

namespace hypertier::ranges {
namespace {

constexpr Address kBase = 0x7f0000000000;
constexpr std::uint64_t kChunks = 32768;  // 64 GiB in each process
constexpr int kProcesses = 4;

// Samples of four processes, mixed as rings of several CPUs are: runs of eight from one process, addresses by a Zipf
// law over chunks in shuffled order.
std::vector<Sample> MakeSamples(std::size_t count) {
  std::mt19937_64 random(1);
  std::vector<double> weights(kChunks);
  for (std::size_t i = 0; i < kChunks; ++i) weights[i] = 1 / std::pow(static_cast<double>(i + 1), 0.9);
  std::discrete_distribution<std::uint64_t> rank(weights.begin(), weights.end());
  std::vector<std::uint64_t> chunk(kChunks);
  for (std::size_t i = 0; i < kChunks; ++i) chunk[i] = i;
  std::shuffle(chunk.begin(), chunk.end(), random);
  std::vector<Sample> samples;
  samples.reserve(count);
  ProcessId process;
  for (std::size_t i = 0; i < count; ++i) {
    if (i % 8 == 0) process = {random() % kProcesses * 1000003};
    samples.push_back({process, kBase + (chunk[rank(random)] << kChunkShift) + random() % kChunk.count(), 4093});
  }
  return samples;
}

// A classifier that has divided four such processes into its full budget of ranges, all of whose memory is resident.
class Divided : public benchmark::Fixture {
 public:
  void SetUp(benchmark::State&) override {
    if (!samples_.empty()) return;
    samples_ = MakeSamples(1 << 20);
    for (std::uint64_t i = 0; i < kProcesses; ++i) {
      const ProcessId process{i * 1000003};
      const AddressSpan span{kBase, kBase + (kChunks << kChunkShift)};
      std::vector<ChunkResidency> chunks;
      for (std::uint64_t c = 0; c < kChunks; ++c) {
        chunks.push_back({kBase + (c << kChunkShift), {}});
        chunks.back().resident[c % 5 == 0 ? TierId::kFmem : TierId::kSmem] = kChunk;
      }
      if (!classifier_.SetMappings(now_, process, std::vector{span}).ok()) std::abort();
      if (!classifier_.SetResidency(now_, process, span, chunks).ok()) std::abort();
    }
    classifier_.SetCapacity(
        {.fmem_usable = Bytes::GiB(52), .free = {Bytes::GiB(1), Bytes::GiB(64)}, .fmem_watermark = Bytes::GiB(1)});
    std::size_t next = 0;
    for (int round = 0; round < 400 && classifier_.stats().range_count + 8 < Options().range_budget; ++round) {
      now_ += std::chrono::milliseconds(250);
      classifier_.Ingest(now_, std::span(samples_).subspan(next, 1 << 16));
      next = (next + (1 << 16)) % samples_.size();
      classifier_.MakePlan(now_);
    }
  }

 protected:
  // `before` is called when a round is due, and not measured.
  template <typename Before>
  static void MeasurePlans(benchmark::State& state, Before before) {
    std::size_t next = 0;
    std::size_t moves = 0;
    for (auto _ : state) {
      state.PauseTiming();
      now_ += std::chrono::milliseconds(250);
      before();
      classifier_.Ingest(now_, std::span(samples_).subspan(next, 10000));
      next = (next + 10000) % (samples_.size() - 10000);
      state.ResumeTiming();
      const Plan plan = classifier_.MakePlan(now_);
      moves += plan.exchanges.size() + plan.promotions.size() + plan.demotions.size();
    }
    state.counters["ranges"] = static_cast<double>(classifier_.stats().range_count);
    state.counters["moves"] = static_cast<double>(moves) / static_cast<double>(state.iterations());
  }

  static inline Classifier classifier_ = *Classifier::Create();
  static inline Time now_{std::chrono::hours(1)};
  static inline std::vector<Sample> samples_;
};

BENCHMARK_F(Divided, classifier_ingest)(benchmark::State& state) {
  constexpr std::size_t kBatch = 8192;
  std::size_t next = 0;
  for (auto _ : state) {
    classifier_.Ingest(now_, std::span(samples_).subspan(next, kBatch));
    next = (next + kBatch) % samples_.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBatch));
  state.counters["ranges"] = static_cast<double>(classifier_.stats().range_count);
}

BENCHMARK_F(Divided, map_ingest)(benchmark::State& state) {
  std::map<std::pair<ProcessId, Address>, std::pair<Address, double>> ranges;
  for (const RangeView& view : classifier_.Ranges()) ranges[{view.process, view.span.start}] = {view.span.end, 0};
  constexpr std::size_t kBatch = 8192;
  std::size_t next = 0;
  for (auto _ : state) {
    for (const Sample& sample : std::span(samples_).subspan(next, kBatch)) {
      auto it = ranges.upper_bound({sample.process, sample.address});
      if (it == ranges.begin()) continue;
      --it;
      if (it->first.first == sample.process && sample.address < it->second.first) it->second.second += sample.weight;
    }
    next = (next + kBatch) % samples_.size();
  }
  benchmark::DoNotOptimize(ranges);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * kBatch));
}

// A full plan, after as many samples as come between two at 40,000 a second. The round of splitting and joining that is
// due four times a second comes before.
BENCHMARK_F(Divided, classifier_plan_2048)(benchmark::State& state) {
  MeasurePlans(state, [] { classifier_.MakePlan(now_); });
}

// The same with the round in it.
BENCHMARK_F(Divided, classifier_round_2048)(benchmark::State& state) {
  MeasurePlans(state, [] {});
}

BENCHMARK_F(Divided, sort_2048)(benchmark::State& state) {
  std::mt19937 random(1);
  std::vector<std::pair<double, std::uint32_t>> densities;
  for (std::uint32_t i = 0; i < Options().range_budget; ++i) densities.emplace_back(random(), i);
  for (auto _ : state) {
    auto copy = densities;
    std::sort(copy.begin(), copy.end());
    benchmark::DoNotOptimize(copy);
  }
}

}  // namespace
}  // namespace hypertier::ranges

BENCHMARK_MAIN();
