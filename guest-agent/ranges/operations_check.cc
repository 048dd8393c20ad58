// SPDX-License-Identifier: Apache-2.0
//
// What must hold after any operation.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "guest-agent/ranges/operations.h"

namespace hypertier::ranges {
namespace {

absl::Status Require(bool holds, const char* promise) {
  return holds ? absl::OkStatus() : absl::InternalError(promise);
}

}  // namespace

bool Operations::Mapped(ProcessId process, Address chunk) const {
  const auto it = mappings_.find(process);
  if (it == mappings_.end()) return false;
  return std::any_of(it->second.begin(), it->second.end(), [chunk](const AddressSpan& span) {
    return span.start < chunk + kChunk.count() && span.end > chunk;
  });
}

absl::Status Operations::CheckRanges() const {
  const ClassifierStats stats = classifier_.stats();
  if (stats.range_count > options_.range_budget) return absl::InternalError("the budget is exceeded");
  if (stats.process_count > options_.max_processes) return absl::InternalError("there are too many processes");
  if (stats.residency_blocks > options_.max_residency_blocks) return absl::InternalError("there are too many blocks");
  if (stats.deferred > options_.max_deferred) return absl::InternalError("there are too many deferred chunks");
  const RangeView* before = nullptr;
  const std::vector<RangeView> views = classifier_.Ranges();
  for (const RangeView& view : views) {
    if (view.span.start >= view.span.end) return absl::InternalError("a range is empty");
    if (before != nullptr && before->process == view.process && view.span.start < before->span.end) {
      return absl::InternalError("ranges overlap");
    }
    before = &view;
    for (const Address end : {view.span.start, view.span.end - 1}) {
      if (!Mapped(view.process, ChunkDown(end))) return absl::InternalError("a range is outside the mappings");
    }
    const auto& mappings = mappings_.at(view.process);
    const bool starts_in = std::any_of(mappings.begin(), mappings.end(), [&](const AddressSpan& span) {
      return view.span.start == ChunkDown(view.span.start) || view.span.start == span.start;
    });
    if (!starts_in) return absl::InternalError("a range starts neither at a chunk nor at a mapping");
  }
  return absl::OkStatus();
}

absl::Status Operations::CheckPart(const ChunkPart& part) const {
  if (part.length == Bytes() || part.length > kChunk) return absl::InternalError("a part is no part of a chunk");
  if (ChunkDown(part.address) != ChunkDown(part.address + part.length.count() - 1)) {
    return absl::InternalError("a part spans two chunks");
  }
  return Require(Mapped(part.process, ChunkDown(part.address)), "a part is not mapped");
}

absl::Status Operations::CheckMoves(const Plan& plan) const {
  // By chunk: pages that leave a tier.
  std::map<std::pair<ProcessId, Address>, PerTier<Bytes>> leaving;
  Bytes promoted;
  Bytes demoted;
  const auto add = [&leaving](const ChunkPart& part, TierId from, Bytes amount) {
    leaving[{part.process, ChunkDown(part.address)}][from] += amount;
  };
  std::vector<const ChunkPart*> parts;
  for (const Move& move : plan.demotions) {
    add(move.part, TierId::kFmem, move.amount);
    demoted += move.amount;
    parts.push_back(&move.part);
  }
  for (const Move& move : plan.promotions) {
    add(move.part, TierId::kSmem, move.amount);
    promoted += move.amount;
    parts.push_back(&move.part);
  }
  for (const Exchange& exchange : plan.exchanges) {
    add(exchange.hot, TierId::kSmem, exchange.amount);
    add(exchange.cold, TierId::kFmem, exchange.amount);
    if (exchange.amount == Bytes()) return absl::InternalError("an exchange moves nothing");
    parts.push_back(&exchange.hot);
    parts.push_back(&exchange.cold);
  }
  for (const ChunkPart* part : parts) {
    if (absl::Status status = CheckPart(*part); !status.ok()) return status;
  }
  for (const auto& [chunk, amounts] : leaving) {
    if (amounts.fmem() > Bytes() && amounts.smem() > Bytes()) return absl::InternalError("a chunk goes both ways");
    if (amounts.fmem() > kChunk || amounts.smem() > kChunk) return absl::InternalError("a chunk is moved twice");
  }
  if (promoted > Bytes() && demoted > Bytes()) return absl::InternalError("FMEM is filled and emptied at once");
  const Bytes keep = capacity_.fmem_watermark + demand_;
  if (promoted > capacity_.free.fmem() - keep) return absl::InternalError("promotions exceed the room");
  if (demoted > keep - capacity_.free.fmem()) return absl::InternalError("demotions exceed the need");
  return Require(demoted <= capacity_.free.smem(), "demotions exceed the room in SMEM");
}

absl::Status Operations::CheckPlan(const Plan& plan) const {
  const bool bounded = plan.exchanges.size() <= options_.max_exchanges &&
                       plan.promotions.size() <= options_.max_promotions &&
                       plan.demotions.size() <= options_.max_demotions && plan.surveys.size() <= options_.max_surveys &&
                       plan.curve.size() <= kMaxCurvePoints;
  if (!bounded) return absl::InternalError("a list is too long");
  if (plan.hot_set > plan.capacity) return absl::InternalError("the hot set exceeds the capacity");
  if (plan.capacity > capacity_.fmem_usable) return absl::InternalError("the capacity exceeds what is usable");
  if (!capacity_set_ && !(plan.exchanges.empty() && plan.promotions.empty() && plan.demotions.empty())) {
    return absl::InternalError("moves without knowing the tiers");
  }
  if (plan.hit_ratio && !(*plan.hit_ratio >= 0 && *plan.hit_ratio <= 1)) return absl::InternalError("no hit ratio");
  CurvePoint before;
  for (const CurvePoint& point : plan.curve) {
    if (point.fmem <= before.fmem || point.share < before.share || point.share > 1) {
      return absl::InternalError("the curve does not rise");
    }
    before = point;
  }
  for (const ranges::Survey& survey : plan.surveys) {
    const bool aligned = ChunkDown(survey.span.start) == survey.span.start && survey.span.start < survey.span.end &&
                         ChunkDown(survey.span.end) == survey.span.end;
    if (!aligned || !Mapped(survey.process, survey.span.start)) return absl::InternalError("a survey is nowhere");
  }
  return CheckMoves(plan);
}

}  // namespace hypertier::ranges
