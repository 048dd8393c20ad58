// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/surveyor.h"

#include <algorithm>
#include <array>

#include "guest-agent/mover/pairs.h"

namespace hypertier::agent {
namespace {

using ranges::Address;
using ranges::AddressSpan;

// Chunks of one call: 128 MiB, a few milliseconds at most.
constexpr std::uint32_t kChunksPerScan = 64;

// Calls for one span: page tables bound a call too, so that a span may take several; more than this is a module that
// does not get on.
constexpr int kMaxScans = 4096;

ranges::ChunkResidency Residency(Address chunk, std::uint64_t fmem, std::uint64_t smem) {
  // The kernel's figures are not believed beyond what a chunk can hold.
  fmem = std::min<std::uint64_t>(fmem, ranges::kPagesPerChunk);
  smem = std::min<std::uint64_t>(smem, ranges::kPagesPerChunk - fmem);
  return {chunk, {ranges::PagesToBytes(fmem), ranges::PagesToBytes(smem)}};
}

}  // namespace

Surveyor::Surveyor(Hyperplace& module, Migrator& migrator, SurveyorOptions options)
    : module_(module),
      migrator_(migrator),
      options_(std::move(options)),
      // What owes more than a call may take is forgiven.
      budget_(options_.share_of_cpu, options_.burst, options_.longest_call) {}

void Surveyor::Carry(ranges::Time now, std::span<const ranges::Survey> surveys, const TargetTable& targets,
                     ranges::Classifier& classifier) {
  if (surveys.empty() || nodes_.fmem() < 0 || nodes_.smem() < 0 || nodes_.fmem() == nodes_.smem()) return;
  const std::chrono::nanoseconds most = std::min<std::chrono::nanoseconds>(budget_.Credit(now), options_.longest_call);
  if (most <= std::chrono::nanoseconds(0)) {
    stats_.held_back += surveys.size();
    return;
  }
  const std::chrono::nanoseconds start = options_.cpu_clock();
  can_scan_ = CanScan();
  std::chrono::nanoseconds used{0};
  Chunks chunks;
  for (const ranges::Survey& survey : surveys) {
    const Target* target = targets.Find(survey.process);
    if (used >= most || target == nullptr) {
      ++stats_.held_back;
      continue;
    }
    chunks.clear();
    absl::Status status = MeasureMapped(*target, survey.span, chunks);
    if (absl::IsNotFound(status)) gone_.push_back(target->pid);
    if (status.ok()) status = classifier.SetResidency(now, survey.process, survey.span, chunks);
    ++(status.ok() ? stats_.surveyed : stats_.failed);
    used = options_.cpu_clock() - start;
  }
  budget_.Charge(now, used);
  stats_.cpu += used;
}

bool Surveyor::CanScan() {
  const absl::StatusOr<Hyperplace::Info> info = module_.GetInfo();
  return info.ok() && (info->features & HYPERPLACE_SCAN) != 0;
}

// Mappings are far enough apart for no chunk to be measured twice (MapsParser).
absl::Status Surveyor::MeasureMapped(const Target& target, AddressSpan span, Chunks& chunks) {
  auto mapping = std::partition_point(target.mappings.begin(), target.mappings.end(),
                                      [span](const AddressSpan& m) { return m.end <= span.start; });
  for (; mapping != target.mappings.end() && mapping->start < span.end; ++mapping) {
    const AddressSpan part{std::max(mapping->start, span.start), std::min(mapping->end, span.end)};
    if (absl::Status status = Measure(target, part, chunks); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Surveyor::Measure(const Target& target, AddressSpan span, Chunks& chunks) {
  if (span.start % kPage.count() != 0 || span.end % kPage.count() != 0) {
    return absl::InvalidArgumentError("mapping of parts of pages");
  }
  return can_scan_ ? Scan(target, span, chunks) : Query(target, span, chunks);
}

absl::Status Surveyor::Scan(const Target& target, AddressSpan span, Chunks& chunks) {
  buffer_.resize(kChunksPerScan);
  for (int calls = 0; span.start < span.end && calls < kMaxScans; ++calls) {
    hyperplace_scan scan = {};
    scan.process = {.pid = target.pid, .status = 0, .start_time = target.start_time};
    scan.start = span.start;
    scan.end = span.end;
    scan.chunks = reinterpret_cast<std::uintptr_t>(buffer_.data());
    scan.max_chunks = kChunksPerScan;
    scan.fmem_node = static_cast<std::uint16_t>(nodes_.fmem());
    scan.smem_node = static_cast<std::uint16_t>(nodes_.smem());
    if (absl::Status status = module_.Scan(scan); !status.ok()) return status;
    for (std::uint32_t i = 0; i < std::min(scan.nr_chunks, kChunksPerScan); ++i) {
      const hyperplace_chunk& found = buffer_[i];
      if (found.fmem != 0 || found.smem != 0) chunks.push_back(Residency(found.address, found.fmem, found.smem));
    }
    if (scan.next <= span.start) break;
    span.start = scan.next;
  }
  return absl::OkStatus();
}

absl::Status Surveyor::Query(const Target& target, AddressSpan span, Chunks& chunks) {
  std::array<Address, ranges::kPagesPerChunk> pages;
  std::array<int, ranges::kPagesPerChunk> nodes;
  while (span.start < span.end) {
    const Address end = std::min(span.end, ranges::ChunkDown(span.start) + ranges::kChunk.count());
    const std::size_t count = ranges::BytesToPages(Bytes(end - span.start));
    for (std::size_t i = 0; i < count; ++i) pages[i] = span.start + ranges::PagesToBytes(i).count();
    const MoveResult result = migrator_.Query(target.pid, {pages.data(), count}, {nodes.data(), count});
    if (result == MoveResult::kNoProcess) return absl::NotFoundError("no such process");
    if (result != MoveResult::kOk) return absl::InternalError("move_pages(2) was refused");
    const ChunkLayout layout = MakeLayout(span.start, {nodes.data(), count}, nodes_, false);
    if (!layout.pages.fmem().empty() || !layout.pages.smem().empty()) {
      chunks.push_back(Residency(layout.chunk, layout.pages.fmem().size(), layout.pages.smem().size()));
    }
    span.start = end;
  }
  return absl::OkStatus();
}

}  // namespace hypertier::agent
