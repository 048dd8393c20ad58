// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/access/chunk_rates.h"

#include <algorithm>
#include <cmath>

namespace hypertier::agent {
namespace {

// Seldom accessed chunks are passed over rather than told by a sample every few minutes.
constexpr double kMostInterval = 60;

bool Below(const ChunkRates::Row& row, ranges::Address address) {
  return row.address < address;
}

// In [0, 1), different for neighbours: chunks seen together are not due together.
double PhaseOf(ranges::Address chunk) {
  return static_cast<double>((chunk >> ranges::kChunkShift) * 0x9e3779b97f4a7c15U >> 40) / 0x1p24;
}

std::chrono::nanoseconds Nanoseconds(double seconds) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9));
}

}  // namespace

void ChunkRates::Cover(ranges::ProcessId process, ranges::AddressSpan span, std::span<const ranges::Address> chunks) {
  std::vector<Row>& rows = rows_[process];
  const auto from = std::lower_bound(rows.begin(), rows.end(), ranges::ChunkDown(span.start), Below);
  const auto to = std::lower_bound(from, rows.end(), span.end, Below);
  const std::size_t others = size_ - static_cast<std::size_t>(to - from);
  merged_.clear();
  auto old = from;
  for (const ranges::Address chunk : chunks) {
    while (old != to && old->address < chunk) ++old;
    if (old != to && old->address == chunk) {
      merged_.push_back(*old);
    } else if (others + merged_.size() < kMostRows) {
      merged_.push_back({.address = chunk});
    }
  }
  size_ = others + merged_.size();
  const std::size_t kept = std::min(merged_.size(), static_cast<std::size_t>(to - from));
  std::copy_n(merged_.begin(), kept, from);
  const auto end = from + static_cast<std::ptrdiff_t>(kept);
  if (end != to) {
    rows.erase(end, to);
  } else {
    rows.insert(end, merged_.begin() + static_cast<std::ptrdiff_t>(kept), merged_.end());
  }
}

ChunkRates::Row* ChunkRates::Find(ranges::ProcessId process, ranges::Address chunk) {
  const auto found = rows_.find(process);
  if (found == rows_.end()) return nullptr;
  const auto row = std::lower_bound(found->second.begin(), found->second.end(), chunk, Below);
  return row != found->second.end() && row->address == chunk ? &*row : nullptr;
}

void ChunkRates::Set(Row& row, ranges::Time now, double rate, unsigned evidence, ranges::Seconds revisit) {
  row.rate = 0;
  if (!(rate > 0) || evidence == 0) return;
  const double fair = static_cast<double>(size_) / kMostSamples;
  const double interval = std::max({revisit.count() / evidence, kLeastInterval.count(), fair, 1 / rate});
  if (!(interval <= kMostInterval)) return;
  row.rate = static_cast<float>(rate);
  row.interval = static_cast<float>(interval);
  // One that goes on as before keeps its time.
  if (row.due < now || row.due - now > Nanoseconds(interval))
    row.due = now + Nanoseconds(interval * PhaseOf(row.address));
}

void ChunkRates::Keep(std::span<const ranges::ProcessId> keep) {
  std::erase_if(rows_, [&](const auto& item) {
    if (std::binary_search(keep.begin(), keep.end(), item.first)) return false;
    size_ -= item.second.size();
    return true;
  });
}

void ChunkRates::Emit(ranges::Time now, ranges::Seconds stale, std::vector<ranges::Sample>& samples) {
  const ranges::Time oldest = now - Nanoseconds(stale.count());
  for (auto& [process, rows] : rows_) {
    for (Row& row : rows) {
      if (row.rate <= 0 || row.due > now) continue;
      if (row.cleared < oldest) {
        row.rate = 0;
        continue;
      }
      const double times = 1 + std::floor(ranges::Seconds(now - row.due).count() / row.interval);
      row.due += Nanoseconds(times * row.interval);
      const double weight = std::min(times * row.interval * row.rate, 4e9);
      samples.push_back({process, row.address, static_cast<std::uint32_t>(std::lround(std::max(weight, 1.0)))});
    }
  }
}

}  // namespace hypertier::agent
