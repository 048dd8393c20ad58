// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/operations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "guest-agent/ranges/areas.h"

namespace hypertier::ranges {
namespace {

// Small bounds, so that short sequences reach them.
Options Tight() {
  Options options;
  options.range_budget = 32;
  options.half_life = Seconds(2.0);
  options.max_processes = 3;
  options.max_residency_blocks = 12;
  options.max_deferred = 4;
  options.max_exchanges = 8;
  options.max_promotions = 8;
  options.max_demotions = 8;
  options.max_surveys = 4;
  return options;
}

constexpr Address kPlaces[] = {0, 0x400000, 0xc000000000, 0x7f0000000000, kAddressLimit - Bytes::GiB(5).count()};

}  // namespace

Operations::Operations() : options_(Tight()), classifier_(*Classifier::Create(options_)) {}

std::uint8_t Operations::Byte() {
  if (rest_.empty()) return 0;
  const auto byte = static_cast<std::uint8_t>(rest_.front());
  rest_.remove_prefix(1);
  return byte;
}

Address Operations::SomeAddress() {
  const Address place = kPlaces[Byte() % std::size(kPlaces)];
  return place + Byte() * Bytes::MiB(16).count() + Byte() * Bytes::KiB(132).count();
}

absl::Status Operations::Run(std::string_view bytes) {
  rest_ = bytes;
  for (int steps = 1; !rest_.empty(); ++steps) {
    absl::Status status = Step();
    if (status.ok()) status = classifier_.Verify();
    if (status.ok()) status = CheckRanges();
    if (!status.ok()) {
      return absl::InternalError(
          fmt::format("operation {}: {}", steps, fmt::string_view(status.message().data(), status.message().size())));
    }
  }
  return absl::OkStatus();
}

absl::Status Operations::Step() {
  switch (Byte() % 9) {
    case 0:
      return Map();
    case 1: {
      const ProcessId process = SomeProcess();
      classifier_.RemoveProcess(process);
      mappings_.erase(process);
      return absl::OkStatus();
    }
    case 2:
      Ingest();
      return absl::OkStatus();
    case 3:
      // Up to a minute, sometimes days, sometimes backwards.
      now_ += std::chrono::milliseconds(Byte()) * (1 << (Byte() % 10));
      if (Byte() == 7) now_ += std::chrono::hours(100);
      if (Byte() == 8) now_ -= std::chrono::seconds(10);
      return absl::OkStatus();
    case 4:
      return Survey();
    case 5:
      return Measure();
    case 6:
      SetRooms();
      return absl::OkStatus();
    case 7: {
      const ProcessId process = SomeProcess();
      classifier_.Defer(now_, process, SomeAddress());
      return absl::OkStatus();
    }
    default:
      return MakePlan();
  }
}

absl::Status Operations::Map() {
  const ProcessId process = SomeProcess();
  std::vector<AddressSpan> spans;
  for (int count = Byte() % 20; count > 0; --count) {
    const Address start = SomeAddress();
    spans.push_back({start, start + (std::uint64_t{Byte()} << (Byte() % 24))});
  }
  const bool sort = Byte() % 8 != 0;
  if (sort) std::sort(spans.begin(), spans.end(), [](auto& a, auto& b) { return a.start < b.start; });
  bool right = true;
  Address before = 0;
  for (const AddressSpan& span : spans) {
    right = right && span.start < span.end && span.start >= before && span.end <= kAddressLimit;
    before = span.end;
  }
  right = right && (mappings_.contains(process) || mappings_.size() < options_.max_processes);
  const absl::Status status = classifier_.SetMappings(now_, process, spans);
  if (status.ok() != right) return absl::InternalError("mappings are judged wrongly");
  if (right) mappings_[process] = spans;
  return absl::OkStatus();
}

void Operations::Ingest() {
  const std::uint32_t weight = 1u << (Byte() % 32);
  const int pattern = Byte();
  std::vector<Sample> samples;
  const ProcessId process = SomeProcess();
  const Address base = SomeAddress();
  for (int i = 0; i < pattern; ++i) {
    samples.push_back({process, base + static_cast<Address>(i % (1 + pattern / 8)) * Bytes::KiB(700).count(), weight});
  }
  if (pattern % 2 == 0) samples.push_back({SomeProcess(), SomeAddress(), Byte()});
  classifier_.Ingest(now_, samples);
}

absl::Status Operations::Survey() {
  const ProcessId process = SomeProcess();
  const Address start = Byte() % 8 == 0 ? SomeAddress() : ChunkDown(SomeAddress());
  const AddressSpan span{start, start + (std::uint64_t{Byte()} << kChunkShift)};
  std::vector<ChunkResidency> chunks;
  Address chunk = span.start;
  for (int count = Byte() % 40; count > 0; --count) {
    const std::uint64_t fast = Byte() * 2u;
    const std::uint64_t slow = std::min<std::uint64_t>(Byte() * 2u, kPagesPerChunk + (Byte() % 16 == 0 ? 1 : 0) - fast);
    chunks.push_back({chunk, {PagesToBytes(fast), PagesToBytes(slow)}});
    chunk += kChunk.count() << (Byte() % 3);
  }
  bool right = ChunkDown(span.start) == span.start && span.start < span.end && span.end <= kAddressLimit;
  for (const ChunkResidency& c : chunks) {
    right = right && c.chunk < span.end && c.resident.fmem() + c.resident.smem() <= kChunk;
  }
  const absl::Status status = classifier_.SetResidency(now_, process, span, chunks);
  return status.ok() == right ? absl::OkStatus() : absl::InternalError("residency is judged wrongly");
}

// Carries out the surveys of the last plan: every third chunk is empty, the others are in one tier or the other.
absl::Status Operations::Measure() {
  if (plans_.empty()) return absl::OkStatus();
  const std::uint8_t how = Byte();
  for (const ranges::Survey& survey : plans_.back().surveys) {
    std::vector<ChunkResidency> chunks;
    for (Address chunk = survey.span.start; chunk < survey.span.end; chunk += kChunk.count()) {
      const std::uint64_t number = (chunk >> kChunkShift) + how;
      if (number % 3 == 0) continue;
      const Bytes fast = number % 3 == 1 ? kChunk : Bytes::KiB(4 * (how % 8u));
      chunks.push_back({chunk, {fast, kChunk - fast}});
    }
    if (absl::Status status = classifier_.SetResidency(now_, survey.process, survey.span, chunks); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

void Operations::SetRooms() {
  capacity_.fmem_usable = Bytes::MiB(Byte() * 8u);
  capacity_.free = {Bytes::MiB(Byte()), Bytes::MiB(Byte() * 4u)};
  capacity_.fmem_watermark = Bytes::MiB(Byte() / 2u);
  demand_ = Byte() % 2 == 0 ? Bytes() : Bytes::MiB(Byte());
  capacity_set_ = true;
  classifier_.SetCapacity(capacity_);
  classifier_.SetDemand(demand_);
}

absl::Status Operations::MakePlan() {
  const double before = classifier_.TotalRate();
  Plan plan = classifier_.MakePlan(now_);
  if (!std::isfinite(before) || before < 0) return absl::InternalError("the rate is not sane");
  if (absl::Status status = CheckPlan(plan); !status.ok()) return status;
  // The mover does some of it.
  const std::uint8_t much = Byte();
  for (const Exchange& exchange : plan.exchanges) {
    if (much % 2 == 0) continue;
    classifier_.Moved(exchange.hot.process, exchange.hot.address, TierId::kFmem, exchange.amount);
    classifier_.Moved(exchange.cold.process, exchange.cold.address, TierId::kSmem, exchange.amount);
  }
  for (const Move& move : plan.demotions) {
    if (much % 3 == 0) classifier_.Defer(now_, move.part.process, move.part.address);
    if (much % 3 == 1) classifier_.Moved(move.part.process, move.part.address, TierId::kSmem, move.amount);
  }
  for (const Move& move : plan.promotions) {
    // More than there is: the classifier's own figures bound it.
    if (much % 5 != 0) classifier_.Moved(move.part.process, move.part.address, TierId::kFmem, kChunk);
  }
  plans_.push_back(std::move(plan));
  return absl::OkStatus();
}

}  // namespace hypertier::ranges
