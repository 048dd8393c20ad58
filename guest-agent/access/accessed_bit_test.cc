// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/accessed_bit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>
#include <random>

#include "guest-agent/access/scan_spans.h"

namespace hypertier::agent {
namespace {

using ranges::Address;
using ranges::kChunk;
using std::chrono::microseconds;
using std::chrono::milliseconds;

// Where the kernel would write to.
hyperplace_chunk* ChunksOf(const hyperplace_scan& scan) {
  return reinterpret_cast<hyperplace_chunk*>(scan.chunks);  // NOLINT(performance-no-int-to-ptr): as the ABI has it
}

// Time that passes only as tests and costs say.
class FakeClock final : public ScanClock {
 public:
  ranges::Time Now() override { return now; }
  std::chrono::nanoseconds CpuTime() override { return cpu; }
  void Sleep(std::chrono::nanoseconds duration) override { now += duration; }
  void Spend(std::chrono::nanoseconds cost) {
    now += cost;
    cpu += cost;
  }
  ranges::Time now = ranges::Time(std::chrono::hours(1));
  std::chrono::nanoseconds cpu{0};
};

// Page tables of processes whose pages are accessed independently, at a rate each.
class FakeTables final : public Hyperplace {
 public:
  struct Chunk {
    // Accesses a second to all of it.
    double rate = 0;
    bool huge = false;
    ranges::Time cleared = ranges::Time::min();
  };

  explicit FakeTables(FakeClock& clock) : clock_(clock) {}

  absl::StatusOr<Info> GetInfo() override { return Info{features, 512, 64, 8192}; }
  absl::Status Exchange(hyperplace_exchange&) override { return absl::UnimplementedError(""); }
  absl::Status Scan(hyperplace_scan& scan) override {
    ++scans;
    clock_.Spend(microseconds(1));
    longest = std::max(longest, scan.max_chunks);
    if (gone.contains(scan.process.pid)) return absl::NotFoundError("no such process");
    if (scan.flags & HYPERPLACE_SCAN_FLUSH) ++flushes;
    auto* const out = ChunksOf(scan);
    auto& chunks = processes[scan.process.pid];
    scan.next = scan.end;
    for (auto at = chunks.lower_bound(scan.start); at != chunks.end() && at->first < scan.end; ++at) {
      if (scan.nr_chunks == scan.max_chunks) {
        scan.next = at->first;
        break;
      }
      clock_.Spend(cost);
      ++scan.tables;
      out[scan.nr_chunks++] = Read(at->first, at->second);
      at->second.cleared = clock_.now;
    }
    if (hostile) hostile(scan);
    return absl::OkStatus();
  }

  std::map<pid_t, std::map<Address, Chunk>> processes;
  std::map<pid_t, bool> gone;
  std::uint32_t features = HYPERPLACE_SCAN | HYPERPLACE_SCAN_FLUSHES;
  microseconds cost{5};
  int scans = 0;
  int flushes = 0;
  std::uint32_t longest = 0;
  std::function<void(hyperplace_scan&)> hostile;

 private:
  hyperplace_chunk Read(Address address, const Chunk& chunk) {
    const double since =
        chunk.cleared == ranges::Time::min() ? 1e6 : ranges::Seconds(clock_.now - chunk.cleared).count();
    const double entries = chunk.huge ? 1 : 512;
    std::binomial_distribution<int> young(static_cast<int>(entries), -std::expm1(-chunk.rate / entries * since));
    hyperplace_chunk out = {};
    out.address = address;
    out.fmem = 512;
    out.fmem_young = static_cast<__u16>(young(random_) * (chunk.huge ? 512 : 1));
    out.huge = chunk.huge ? 1 : 0;
    return out;
  }

  FakeClock& clock_;
  std::mt19937_64 random_{1};
};

constexpr Address kBase = 0x7f0000000000;

class AccessedBitTest : public ::testing::Test {
 protected:
  void AddProcess(pid_t pid, std::size_t chunks) {
    Target target;
    target.id = {static_cast<std::uint64_t>(pid)};
    target.pid = pid;
    target.mappings = {{kBase, kBase + chunks * kChunk.count()}};
    targets_.Add(target);
    for (std::size_t i = 0; i < chunks; ++i) Chunk(pid, i) = {};
  }
  FakeTables::Chunk& Chunk(pid_t pid, std::size_t i) { return tables_.processes[pid][kBase + i * kChunk.count()]; }

  // As the agent calls it: when it wants to be, and four times a second.
  void Run(std::chrono::nanoseconds time) {
    const ranges::Time end = clock_.now + time;
    while (clock_.now < end) {
      const auto cpu = clock_.cpu;
      source_.Poll(clock_.now, targets_, samples_);
      longest_poll_ = std::max(longest_poll_, clock_.cpu - cpu);
      const ranges::Time wanted = std::max(source_.NextDeadline(), clock_.now + microseconds(1));
      clock_.now = std::min(wanted, clock_.now + milliseconds(250));
      ++polls_;
    }
  }
  // Accesses a second to a chunk, as the samples say.
  double RateOf(pid_t pid, std::size_t i, double seconds) {
    double sum = 0;
    for (const ranges::Sample& sample : samples_) {
      const bool in = sample.process.key == static_cast<std::uint64_t>(pid) &&
                      ranges::ChunkDown(sample.address) == kBase + i * kChunk.count();
      if (in) sum += sample.weight;
    }
    return sum / seconds;
  }

  FakeClock clock_;
  FakeTables tables_{clock_};
  AccessedBit source_{tables_, clock_, 0.01};
  TargetTable targets_;
  std::vector<ranges::Sample> samples_;
  std::chrono::nanoseconds longest_poll_{0};
  int polls_ = 0;
};

TEST_F(AccessedBitTest, WeightsAddUpToAccessesASecondOverFourDecades) {
  AddProcess(5, 64);
  const double rates[] = {0, 20, 200, 2000, 20000, 100000};
  for (std::size_t i = 0; i < 6; ++i) Chunk(5, i).rate = rates[i];
  Run(std::chrono::seconds(10));
  samples_.clear();
  Run(std::chrono::seconds(60));
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(RateOf(5, i, 60), rates[i], rates[i] * 0.35) << rates[i];
  EXPECT_EQ(RateOf(5, 10, 60), 0);
}

TEST_F(AccessedBitTest, AHugePageIsOneBitAndStillRanksByItsRate) {
  AddProcess(5, 32);
  for (std::size_t i = 0; i < 32; ++i) Chunk(5, i).huge = true;
  Chunk(5, 0).rate = 1;
  Chunk(5, 1).rate = 20;
  Chunk(5, 2).rate = 400;
  Run(std::chrono::seconds(10));
  samples_.clear();
  Run(std::chrono::seconds(120));
  const double slow = RateOf(5, 0, 120);
  const double middle = RateOf(5, 1, 120);
  const double fast = RateOf(5, 2, 120);
  EXPECT_GT(slow, 0.2);
  EXPECT_LT(slow, 4);
  EXPECT_GT(middle, 2 * slow);
  EXPECT_GT(fast, 4 * middle);
  EXPECT_EQ(RateOf(5, 9, 120), 0);
}

TEST_F(AccessedBitTest, KeepsToItsBudgetInTheLongRunAndToAFewMillisecondsAPoll) {
  AddProcess(5, 2000);
  for (std::size_t i = 0; i < 2000; ++i) Chunk(5, i).rate = 5000;
  const auto before = clock_.cpu;
  Run(std::chrono::seconds(100));
  EXPECT_LE(clock_.cpu - before, milliseconds(100 + 1000 + 50));
  EXPECT_GE(clock_.cpu - before, milliseconds(500));
  EXPECT_LE(longest_poll_, milliseconds(10));
  EXPECT_LE(polls_, 100 * 40);
}

TEST_F(AccessedBitTest, ColdMemoryIsLookedAtOnceASweep) {
  AddProcess(5, 100);
  Run(std::chrono::seconds(20));
  EXPECT_TRUE(samples_.empty());
  EXPECT_LT(source_.stats().scanned, 100u * 85);
  EXPECT_GT(source_.stats().scanned, 100u * 20);
}

TEST_F(AccessedBitTest, TheFirstSweepTakesTheCreditThatWasSavedUp) {
  AddProcess(5, 1000);
  for (std::size_t i = 0; i < 1000; ++i) Chunk(5, i).rate = 500;
  Run(std::chrono::seconds(3));
  EXPECT_EQ(source_.chunks(), 1000u);
  EXPECT_GE(source_.stats().scanned, 2000u);
}

TEST_F(AccessedBitTest, SamplesComeEvenlyNotASweepAtATime) {
  AddProcess(5, 400);
  for (std::size_t i = 0; i < 400; ++i) Chunk(5, i).rate = 2000;
  tables_.cost = microseconds(50);
  Run(std::chrono::seconds(30));
  // A second each: the most is not far from the mean.
  double most = 0;
  double sum = 0;
  for (int second = 0; second < 20; ++second) {
    samples_.clear();
    Run(std::chrono::seconds(1));
    double weight = 0;
    for (const auto& sample : samples_) weight += sample.weight;
    most = std::max(most, weight);
    sum += weight;
  }
  EXPECT_LT(most, 2 * sum / 20);
}

TEST_F(AccessedBitTest, ProcessesThatGoAreForgottenAndTheOthersGoOn) {
  AddProcess(5, 10);
  AddProcess(6, 10);
  Chunk(5, 0).rate = Chunk(6, 0).rate = 1000;
  Run(std::chrono::seconds(5));
  EXPECT_EQ(source_.chunks(), 20u);
  tables_.gone[5] = true;
  Run(std::chrono::seconds(15));
  samples_.clear();
  Run(std::chrono::seconds(15));
  EXPECT_EQ(RateOf(5, 0, 15), 0);
  EXPECT_GT(RateOf(6, 0, 15), 500);
  targets_.Remove({5});
  Run(std::chrono::seconds(5));
  EXPECT_EQ(source_.chunks(), 10u);
  targets_.Remove({6});
  Run(std::chrono::seconds(5));
  EXPECT_EQ(source_.chunks(), 0u);
}

TEST_F(AccessedBitTest, WhatIsUnmappedIsForgotten) {
  AddProcess(5, 10);
  Run(std::chrono::seconds(5));
  targets_.Find(ranges::ProcessId{5})->mappings = {{kBase + kChunk.count(), kBase + 3 * kChunk.count()}};
  Run(std::chrono::seconds(5));
  EXPECT_EQ(source_.chunks(), 2u);
}

TEST_F(AccessedBitTest, OneFlushACallAndNoneWhereTheKernelHasNone) {
  AddProcess(5, 100);
  Run(std::chrono::seconds(5));
  EXPECT_GT(tables_.flushes, 0);
  EXPECT_LE(tables_.flushes, tables_.scans);
  FakeTables without(clock_);
  without.features = HYPERPLACE_SCAN;
  AccessedBit source(without, clock_, 0.01);
  source.Poll(clock_.now, targets_, samples_);
  EXPECT_GT(without.scans, 0);
  EXPECT_EQ(without.flushes, 0);
}

TEST_F(AccessedBitTest, ADeviceThatTalksNonsenseDoesNoHarm) {
  AddProcess(5, 50);
  int turn = 0;
  tables_.hostile = [&](hyperplace_scan& scan) {
    auto* const chunks = ChunksOf(scan);
    for (std::uint32_t i = 0; i < scan.nr_chunks; ++i) {
      chunks[i].fmem = chunks[i].smem = chunks[i].fmem_young = chunks[i].other_young = 0xffff;
      if (turn % 3 == 0) chunks[i].address = ~std::uint64_t{0};
    }
    if (turn % 5 == 1) scan.nr_chunks = 0xffffffff;
    if (turn % 7 == 2) scan.next = scan.start;
    if (turn % 11 == 3) scan.next = ~std::uint64_t{0};
    ++turn;
  };
  Run(std::chrono::seconds(30));
  EXPECT_GT(turn, 10);
}

TEST_F(AccessedBitTest, ProbeSaysWhyItWouldNotWork) {
  EXPECT_TRUE(AccessedBit::Probe(tables_).ok());
  tables_.features = HYPERPLACE_EXCHANGE;
  EXPECT_TRUE(absl::IsUnimplemented(AccessedBit::Probe(tables_)));
}

TEST(YoungRate, UndoesWhatAWindowHides) {
  EXPECT_EQ(YoungRate({512, 0}, ranges::Seconds(1)), 0);
  EXPECT_EQ(YoungRate({0, 0}, ranges::Seconds(1)), 0);
  EXPECT_NEAR(YoungRate({512, 256}, ranges::Seconds(0.5)), 512 * std::log(2) / 0.5, 1e-6);
  EXPECT_NEAR(YoungRate({512, 1}, ranges::Seconds(1)), 1, 0.01);
  EXPECT_TRUE(std::isfinite(YoungRate({512, 512}, ranges::Seconds(1))));
  EXPECT_NEAR(YoungRate({1, 1}, ranges::Seconds(1)), std::log(2), 1e-9);
}

TEST(ScanSpans, AreWholeChunksOnceEachBelowTheEndOfUserAddresses) {
  const Address chunk = kChunk.count();
  const Address top = Address{1} << 47;
  const std::vector<ranges::AddressSpan> mappings = {{chunk + 4096, chunk + 8192},
                                                     {2 * chunk - 4096, 2 * chunk + 4096},
                                                     {9 * chunk, 9 * chunk},
                                                     {top - 3 * 4096, top - 2 * 4096},
                                                     {~Address{0} - 4095, ~Address{0}}};
  const std::vector<ranges::AddressSpan> spans = ScanSpans(mappings);
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_EQ(spans[0], (ranges::AddressSpan{chunk, 3 * chunk}));
  EXPECT_EQ(spans[1], (ranges::AddressSpan{top - chunk, top - 4096}));
}

TEST(ChunkRates, CoverForgetsAddsAndKeeps) {
  ChunkRates rates;
  const std::vector<Address> first = {0, kChunk.count(), 5 * kChunk.count()};
  rates.Cover({1}, {0, 8 * kChunk.count()}, first);
  EXPECT_EQ(rates.size(), 3u);
  rates.Find({1}, 5 * kChunk.count())->cleared = ranges::Time(std::chrono::seconds(9));
  const std::vector<Address> second = {2 * kChunk.count(), 3 * kChunk.count(), 4 * kChunk.count(), 5 * kChunk.count()};
  rates.Cover({1}, {kChunk.count(), 8 * kChunk.count()}, second);
  EXPECT_EQ(rates.size(), 5u);
  EXPECT_NE(rates.Find({1}, 0), nullptr);
  EXPECT_EQ(rates.Find({1}, kChunk.count()), nullptr);
  EXPECT_EQ(rates.Find({1}, 5 * kChunk.count())->cleared, ranges::Time(std::chrono::seconds(9)));
  rates.Keep({});
  EXPECT_EQ(rates.size(), 0u);
}

}  // namespace
}  // namespace hypertier::agent
