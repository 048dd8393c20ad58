// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/ranges/simulated_guest.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace hypertier::ranges {
namespace {

constexpr Seconds kTick{0.05};

Time::duration ToTicks(Seconds seconds) {
  return std::chrono::duration_cast<Time::duration>(seconds);
}

}  // namespace

SimulatedGuest::SimulatedGuest(const Setup& setup)
    : setup_(setup),
      classifier_(*Classifier::Create(setup.options)),
      random_(setup.seed),
      now_(std::chrono::hours(1)),
      plan_due_(now_),
      fmem_free_(setup.fmem),
      smem_free_(setup.smem) {}

void SimulatedGuest::Map(ProcessId process, Address start, Bytes size, std::uint32_t pages_per_chunk,
                         const std::function<bool(std::uint64_t)>& touched) {
  mappings_[process][start] = start + size.count();
  std::uint64_t number = 0;
  for (Address chunk = ChunkDown(start); chunk < start + size.count(); chunk += kChunk.count(), ++number) {
    if (touched && !touched(number)) continue;
    const std::uint64_t room = BytesToPages(fmem_free_ - setup_.watermark);
    const auto fast = static_cast<std::uint32_t>(std::min<std::uint64_t>(room, pages_per_chunk));
    chunks_[{process, chunk}] = {{fast, pages_per_chunk - fast}, 0};
    fmem_free_ -= PagesToBytes(fast);
    smem_free_ -= PagesToBytes(pages_per_chunk - fast);
  }
  Tell(process);
}

void SimulatedGuest::Unmap(ProcessId process, Address start, Bytes size) {
  mappings_[process].erase(start);
  const auto from = chunks_.lower_bound({process, ChunkDown(start)});
  const auto to = chunks_.lower_bound({process, ChunkUp(start + size.count())});
  for (auto it = from; it != to; ++it) {
    fmem_free_ += PagesToBytes(it->second.pages.fmem());
    smem_free_ += PagesToBytes(it->second.pages.smem());
  }
  chunks_.erase(from, to);
  Tell(process);
}

void SimulatedGuest::Tell(ProcessId process) {
  std::vector<AddressSpan> spans;
  for (const auto& [start, end] : mappings_[process]) spans.push_back({start, end});
  EXPECT_TRUE(classifier_.SetMappings(now_, process, spans).ok());
}

void SimulatedGuest::SetHeat(const std::function<double(ProcessId, Address)>& heat) {
  keys_.clear();
  std::vector<double> weights;
  for (auto& [key, chunk] : chunks_) {
    chunk.heat = heat(key.first, key.second);
    keys_.push_back(key);
    weights.push_back(chunk.heat);
  }
  pick_ = std::discrete_distribution<std::size_t>(weights.begin(), weights.end());
}

void SimulatedGuest::Run(Seconds duration) {
  for (const Time end = now_ + ToTicks(duration); now_ < end;) {
    now_ += ToTicks(kTick);
    Sample(kTick);
    Balloon();
    if (now_ < plan_due_) continue;
    plan_due_ = now_ + ToTicks(setup_.plan_interval);
    PlanAndMove();
  }
}

Seconds SimulatedGuest::RunUntilWithin(double share, Seconds limit) {
  const Time start = now_;
  while (Seconds(now_ - start) < limit && HitRatio() < share * OracleHitRatio()) Run(kTick);
  return now_ - start;
}

void SimulatedGuest::Sample(Seconds duration) {
  const double mean = setup_.accesses_per_second * duration.count() / setup_.period;
  std::vector<ranges::Sample> samples;
  const std::uint64_t count = mean > 0 ? std::poisson_distribution<std::uint64_t>(mean)(random_) : 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto& [process, chunk] = keys_[pick_(random_)];
    samples.push_back({process, chunk + random_() % kChunk.count(), setup_.period});
  }
  classifier_.Ingest(now_, samples);
}

void SimulatedGuest::Balloon() {
  const Bytes taken = std::min(demand_, fmem_free_ - setup_.watermark);
  demand_ -= taken;
  fmem_free_ -= taken;
  setup_.fmem -= taken;
}

void SimulatedGuest::PlanAndMove() {
  classifier_.SetCapacity(
      {.fmem_usable = setup_.fmem, .free = {fmem_free_, smem_free_}, .fmem_watermark = setup_.watermark});
  classifier_.SetDemand(demand_);
  plan_ = classifier_.MakePlan(now_);
  EXPECT_TRUE(classifier_.Verify().ok()) << classifier_.Verify().message();
  for (const Survey& survey : plan_.surveys) DoSurvey(survey);
  std::uint64_t tokens =
      BytesToPages(setup_.move_rate) * static_cast<std::uint64_t>(setup_.plan_interval.count() * 1e3) / 1000;
  const auto take = [&tokens](Bytes amount, unsigned each) {
    const std::uint64_t pages = std::min(BytesToPages(amount), tokens / each);
    tokens -= pages * each;
    return static_cast<std::uint32_t>(pages);
  };
  for (const Move& move : plan_.demotions) MovePages(move.part, TierId::kSmem, take(move.amount, 1));
  for (const Move& move : plan_.promotions) MovePages(move.part, TierId::kFmem, take(move.amount, 1));
  for (const Exchange& exchange : plan_.exchanges) {
    const std::uint32_t pages = take(exchange.amount, 2);
    // A true exchange needs no room.
    fmem_free_ += PagesToBytes(pages);
    smem_free_ += PagesToBytes(pages);
    const std::uint32_t up = MovePages(exchange.hot, TierId::kFmem, pages);
    const std::uint32_t down = MovePages(exchange.cold, TierId::kSmem, pages);
    EXPECT_EQ(up, pages);
    EXPECT_EQ(down, pages);
    fmem_free_ -= PagesToBytes(pages);
    smem_free_ -= PagesToBytes(pages);
  }
}

void SimulatedGuest::DoSurvey(const Survey& survey) {
  std::vector<ChunkResidency> found;
  for (auto it = chunks_.lower_bound({survey.process, survey.span.start});
       it != chunks_.end() && it->first < Key{survey.process, survey.span.end}; ++it) {
    if (it->second.total() == 0) continue;
    found.push_back({it->first.second, {PagesToBytes(it->second.pages.fmem()), PagesToBytes(it->second.pages.smem())}});
  }
  const absl::Status status = classifier_.SetResidency(now_, survey.process, survey.span, found);
  EXPECT_TRUE(status.ok()) << status.message();
}

std::uint32_t SimulatedGuest::MovePages(const ChunkPart& part, TierId to, std::uint32_t pages) {
  const auto it = chunks_.find({part.process, ChunkDown(part.address)});
  if (it == chunks_.end()) return 0;
  const TierId from = to == TierId::kFmem ? TierId::kSmem : TierId::kFmem;
  Bytes& free = to == TierId::kFmem ? fmem_free_ : smem_free_;
  Bytes& freed = to == TierId::kFmem ? smem_free_ : fmem_free_;
  const auto room = static_cast<std::uint32_t>(std::min<std::uint64_t>(BytesToPages(free), kPagesPerChunk));
  const std::uint32_t moved = std::min({pages, it->second.pages[from], room});
  it->second.pages[from] -= moved;
  it->second.pages[to] += moved;
  free -= PagesToBytes(moved);
  freed += PagesToBytes(moved);
  moved_ += PagesToBytes(moved);
  classifier_.Moved(part.process, part.address, to, PagesToBytes(moved));
  return moved;
}

double SimulatedGuest::HitRatio() const {
  double total = 0;
  double fast = 0;
  for (const auto& [key, chunk] : chunks_) {
    total += chunk.heat;
    if (chunk.total() > 0) fast += chunk.heat * chunk.pages.fmem() / chunk.total();
  }
  return total > 0 ? fast / total : 0;
}

double SimulatedGuest::OracleHitRatio() const {
  std::vector<const Chunk*> order;
  double total = 0;
  double room = static_cast<double>(BytesToPages(fmem_free_ - setup_.watermark));
  for (const auto& [key, chunk] : chunks_) {
    total += chunk.heat;
    room += chunk.pages.fmem();
    if (chunk.total() > 0) order.push_back(&chunk);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const Chunk* a, const Chunk* b) { return a->heat / a->total() > b->heat / b->total(); });
  double fast = 0;
  for (const Chunk* chunk : order) {
    const double part = std::min(1.0, room / chunk->total());
    fast += chunk->heat * part;
    room -= part * chunk->total();
  }
  return total > 0 ? fast / total : 0;
}

}  // namespace hypertier::ranges
