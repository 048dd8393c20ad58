// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/accessed_bit.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "guest-agent/access/scan_spans.h"

namespace hypertier::agent {
namespace {

// CPU time of one slice's pass A, and of one Poll.
constexpr std::chrono::milliseconds kMostSlice{2};
constexpr std::chrono::milliseconds kMostPoll{4};
constexpr std::size_t kLeastChunks = 8;
constexpr std::size_t kMostChunks = 512;

// What may be saved up: a first sweep of 1,000 tables takes less even where everything is thirty times slower.
constexpr std::chrono::milliseconds kBurst{100};
// What is owed at most; more than what is begun is mistaken by.
constexpr std::chrono::milliseconds kMostDebt{50};

// Little memory is looked at this often at most.
constexpr std::chrono::milliseconds kLeastSweep{250};
// Windows up to here are waited for, since coming back costs more.
constexpr std::chrono::milliseconds kWait{5};
// A chunk speaks for this many sweeps, or for so long.
constexpr double kStaleSweeps = 4;
constexpr ranges::Seconds kStale{10};
// Samples are written out this often: going through the chunks costs 2 ns each.
constexpr std::chrono::milliseconds kEmitInterval{100};
constexpr double kChunksASecond = 65536;

// Neighbours in one call, with as much between them as costs less than a call.
constexpr ranges::Address kGap = 2 * ranges::kChunk.count();

YoungBits BitsOf(const hyperplace_chunk& chunk) {
  const unsigned young = unsigned{chunk.fmem_young} + chunk.smem_young + chunk.other_young;
  if (chunk.huge != 0) return {1, young > 0 ? 1U : 0U};
  const unsigned pages = unsigned{chunk.fmem} + chunk.smem + chunk.other;
  // The kernel's figures, but no reason to divide by what they are not.
  return {std::min(pages, ranges::kPagesPerChunk), std::min({young, pages, ranges::kPagesPerChunk})};
}

}  // namespace

AccessedBit::AccessedBit(Hyperplace& device, ScanClock& clock, double share_of_cpu)
    : device_(device), clock_(clock), budget_(share_of_cpu, kBurst, kMostDebt), buffer_(kMostChunks) {}

absl::Status AccessedBit::Probe(Hyperplace& device) {
  const absl::StatusOr<Hyperplace::Info> info = device.GetInfo();
  if (!info.ok()) return info.status();
  if ((info->features & HYPERPLACE_SCAN) == 0) {
    return absl::UnimplementedError(
        "hyperplace cannot scan on this kernel: it lacks a function that the kernel log names (dmesg | grep "
        "hyperplace)");
  }
  hyperplace_chunk chunk = {};
  hyperplace_scan scan = {};
  scan.process.pid = getpid();
  scan.start = ranges::ChunkDown(reinterpret_cast<std::uintptr_t>(&chunk));
  scan.end = scan.start + 4096;
  scan.chunks = reinterpret_cast<std::uintptr_t>(&chunk);
  scan.max_chunks = 1;
  scan.smem_node = 1;
  return device.Scan(scan);
}

ranges::Time AccessedBit::NextDeadline() const {
  // A new sweep waits for what the old one has begun.
  if (!Working() && !again_.empty()) return again_due_;
  // Credit, if there is any, is for what is begun.
  if (committed_.count() > 0) return again_due_;
  return std::max(budget_.ReadyAt(), Working() ? ranges::Time::min() : sweep_due_);
}

void AccessedBit::StartSweep(ranges::Time now, const TargetTable& targets) {
  if (!asked_) {
    const absl::StatusOr<Hyperplace::Info> info = device_.GetInfo();
    asked_ = info.ok();
    flushes_ = info.ok() && (info->features & HYPERPLACE_SCAN_FLUSHES) != 0;
  }
  sweep_started_ = now;
  jobs_.clear();
  job_ = 0;
  std::vector<ranges::ProcessId> processes;
  for (const auto& [id, target] : targets.all()) {
    processes.push_back(id);
    hyperplace_process who = {};
    who.pid = target.pid;
    who.start_time = target.start_time;
    ranges::Address last = 0;
    for (const ranges::AddressSpan& span : ScanSpans(target.mappings)) {
      jobs_.push_back({id, who, span});
      // What was between is unmapped.
      rates_.Cover(id, {last, span.start}, {});
      last = span.end;
    }
    rates_.Cover(id, {last, ranges::kAddressLimit}, {});
  }
  rates_.Keep(processes);
  if (!jobs_.empty()) at_ = jobs_.front().span.start;
}

void AccessedBit::EndSweep(ranges::Time now) {
  sweep_ = std::max<ranges::Seconds>(now - sweep_started_, kLeastSweep);
  sweep_due_ = std::max(now, sweep_started_ + kLeastSweep);
  jobs_.clear();
  job_ = 0;
}

std::optional<ranges::Address> AccessedBit::Scan(const Job& job, ranges::Address start, std::size_t most, bool flush) {
  hyperplace_scan scan = {};
  scan.process = job.who;
  scan.start = start;
  scan.end = job.span.end;
  scan.chunks = reinterpret_cast<std::uintptr_t>(buffer_.data());
  scan.max_chunks = static_cast<std::uint32_t>(std::min(most, buffer_.size()));
  scan.flags = HYPERPLACE_SCAN_CLEAR | (flush && flushes_ ? HYPERPLACE_SCAN_FLUSH : 0);
  scan.smem_node = 1;
  found_.clear();
  const bool good = device_.Scan(scan).ok();
  // A device that promises nothing less, but this decides whether the sweep ends.
  if (!good || scan.next <= start || scan.next > job.span.end || scan.nr_chunks > scan.max_chunks) return std::nullopt;
  stats_.scanned += scan.tables;
  found_.assign(buffer_.begin(), buffer_.begin() + scan.nr_chunks);
  return scan.next;
}

void AccessedBit::Judge(const Job& job, const hyperplace_chunk& chunk, ranges::Time now) {
  ChunkRates::Row* const row = rates_.Find(job.process, chunk.address);
  if (row == nullptr) return;
  const YoungBits bits = BitsOf(chunk);
  const bool known = row->cleared != ranges::Time::min() && row->cleared < now;
  const ranges::Seconds since = known ? ranges::Seconds(now - row->cleared) : sweep_;
  if (known) rates_.Set(*row, now, YoungRate(bits, since), bits.young, std::max(since, sweep_));
  row->cleared = now;
  if (bits.young == 0 || (known && !Saturated(bits))) return;
  const bool huge = chunk.huge != 0;
  const ranges::Address end = std::min<ranges::Address>(chunk.address + ranges::kChunk.count(), job.span.end);
  const std::chrono::nanoseconds window = (huge ? huge_window_ : base_window_).length();
  for (auto again = again_.rbegin(); again != again_.rend() && again->cleared == now; ++again) {
    if (again->huge != huge) continue;
    const bool near = again->job.process == job.process && chunk.address >= again->job.span.end &&
                      chunk.address - again->job.span.end <= kGap;
    if (!near) break;
    again->job.span.end = end;
    return;
  }
  const ranges::Address start = std::max(chunk.address, static_cast<__u64>(job.span.start));
  again_.push_back({{job.process, job.who, {start, end}}, huge, now, now + window, window});
  again_due_ = std::min(again_due_, now + window);
}

void AccessedBit::Clear(const TargetTable& targets) {
  const std::chrono::nanoseconds begin = clock_.CpuTime();
  std::size_t left = slice_;
  // Spans in which nothing is resident cost a call each.
  std::size_t calls = kLeastChunks;
  while (Working() && left > 0 && calls-- > 0) {
    const Job job = jobs_[job_];
    std::optional<ranges::Address> next;
    if (targets.Find(job.process) != nullptr) next = Scan(job, at_, left, true);
    if (next) {
      starts_.clear();
      for (const hyperplace_chunk& chunk : found_) starts_.push_back(chunk.address);
      rates_.Cover(job.process, {at_, *next}, starts_);
      const ranges::Time now = clock_.Now();
      for (const hyperplace_chunk& chunk : found_) Judge(job, chunk, now);
      left -= std::min(left, found_.size());
      at_ = *next;
    }
    if (next && *next < job.span.end) continue;
    ++job_;
    // Gone, or not ours to see: nothing else of it either.
    while (!next && Working() && jobs_[job_].process == job.process) ++job_;
    if (Working()) at_ = jobs_[job_].span.start;
  }
  const std::chrono::nanoseconds cost = clock_.CpuTime() - begin;
  if (cost > kMostSlice) slice_ = std::max(slice_ / 2, kLeastChunks);
  if (cost < kMostSlice / 4 && left == 0) slice_ = std::min(slice_ * 2, kMostChunks);
  // The same once more at most.
  if (!again_.empty()) committed_ += cost;
}

void AccessedBit::LookAgainAt(const Again& again) {
  double share = 0;
  unsigned chunks = 0;
  ranges::Address at = again.job.span.start;
  while (at < again.job.span.end) {
    const std::optional<ranges::Address> next = Scan(again.job, at, buffer_.size(), false);
    if (!next) break;
    at = *next;
    const ranges::Time now = clock_.Now();
    for (const hyperplace_chunk& chunk : found_) {
      ChunkRates::Row* const row = rates_.Find(again.job.process, chunk.address);
      if (row == nullptr) continue;
      const bool meant = row->cleared == again.cleared && (chunk.huge != 0) == again.huge;
      // One between those that were meant: its bits are cleared now as well, and what they said is small.
      row->cleared = now;
      if (!meant || now <= again.cleared) continue;
      const YoungBits bits = BitsOf(chunk);
      if (bits.entries == 0) continue;
      share += static_cast<double>(bits.young) / bits.entries;
      ++chunks;
      const double rate = YoungRate(bits, now - again.cleared);
      if (rate > row->rate) rates_.Set(*row, now, rate, bits.young, sweep_);
    }
  }
  Window& window = again.huge ? huge_window_ : base_window_;
  // What an older window says has been learnt already.
  if (chunks > 0 && again.window == window.length()) window.Learn(share / chunks);
}

void AccessedBit::LookAgain(ranges::Time now, const TargetTable& targets) {
  const std::chrono::nanoseconds begin = clock_.CpuTime();
  std::vector<Again> later;
  again_due_ = ranges::Time::max();
  bool enough = false;
  for (const Again& again : again_) {
    if (again.due <= now && !enough) {
      if (targets.Find(again.job.process) != nullptr) LookAgainAt(again);
      enough = clock_.CpuTime() - begin >= kMostSlice;
      continue;
    }
    again_due_ = std::min(again_due_, again.due);
    later.push_back(again);
  }
  again_ = std::move(later);
  committed_ -= std::min(committed_, clock_.CpuTime() - begin);
  if (again_.empty()) committed_ = {};
}

bool AccessedBit::Step(ranges::Time now, bool affordable, const TargetTable& targets) {
  if (again_due_ <= now) {
    LookAgain(now, targets);
    return true;
  }
  if (affordable && !Working() && again_.empty() && now >= sweep_due_) {
    StartSweep(now, targets);
    if (!Working()) EndSweep(now);
    return true;
  }
  if (affordable && Working()) {
    Clear(targets);
    if (!Working()) EndSweep(clock_.Now());
    return true;
  }
  if (again_due_ > now + kWait) return false;
  clock_.Sleep(again_due_ - now);
  // Woken early, they are due all the same: the window is measured.
  LookAgain(std::max(clock_.Now(), again_due_), targets);
  return true;
}

void AccessedBit::Poll(ranges::Time now, const TargetTable& targets, std::vector<ranges::Sample>& samples) {
  const std::chrono::nanoseconds begin = clock_.CpuTime();
  if (now >= emit_due_) {
    const ranges::Seconds pause(static_cast<double>(rates_.size()) / kChunksASecond);
    emit_due_ = now + std::max(std::chrono::nanoseconds(kEmitInterval),
                               std::chrono::duration_cast<std::chrono::nanoseconds>(pause));
    const std::size_t before = samples.size();
    rates_.Emit(now, std::max(kStale, sweep_ * kStaleSweeps), samples);
    stats_.samples += samples.size() - before;
  }
  const std::chrono::nanoseconds credit = budget_.Credit(now);
  for (std::chrono::nanoseconds spent{0}; spent < kMostPoll; spent = clock_.CpuTime() - begin) {
    if (!Step(clock_.Now(), credit > spent + committed_, targets)) break;
  }
  budget_.Charge(now, clock_.CpuTime() - begin);
}

}  // namespace hypertier::agent
