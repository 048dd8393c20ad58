// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/mover.h"

#include <algorithm>
#include <utility>

namespace hypertier::agent {

Mover::Mover(Hyperplace& module, Migrator& migrator, MoverOptions options)
    : module_(module),
      migrator_(migrator),
      options_(std::move(options)),
      bucket_(options_.per_second, options_.burst),
      budget_(options_.share_of_cpu, options_.cpu_burst, options_.cpu_burst),
      pressure_(options_.pressure_path) {}

void Mover::Carry(ranges::Time now, const ranges::Plan& plan, const TargetTable& targets,
                  ranges::Classifier& classifier) {
  if (plan.demotions.empty() && plan.exchanges.empty() && plan.promotions.empty()) return;
  if (nodes_.fmem() < 0 || nodes_.smem() < 0 || nodes_.fmem() == nodes_.smem()) return;
  limited_ = !urgent_ || plan.demotions.empty();
  call_most_ = options_.longest_call;
  if (limited_) call_most_ = std::min(call_most_, budget_.Credit(now));
  call_start_ = options_.cpu_clock();
  smem_full_ = false;
  vacated_ = Bytes();
  if (!MayGoOn(now)) {
    ++stats_.held_back;
    return;
  }
  const std::optional<Hyperplace::Info> info = AskModule(now);
  const bool can_scan = info && (info->features & HYPERPLACE_SCAN) != 0;
  {
    Chunks chunks(now, nodes_, can_scan ? &module_ : nullptr, migrator_, targets, classifier, stats_);
    Carry(now, plan, chunks, info);
    // Half an exchange.
    stats_.demoted += vacated_;
    gone_.insert(gone_.end(), chunks.gone().begin(), chunks.gone().end());
  }
  const std::chrono::nanoseconds used = options_.cpu_clock() - call_start_;
  if (limited_) budget_.Charge(now, used);
  stats_.cpu += used;
}

bool Mover::MayGoOn(ranges::Time now) {
  return (!limited_ || bucket_.HasAny(now)) && options_.cpu_clock() - call_start_ < call_most_;
}

std::optional<Hyperplace::Info> Mover::AskModule(ranges::Time now) {
  if (now < module_usable_) return std::nullopt;
  const absl::StatusOr<Hyperplace::Info> info = module_.GetInfo();
  if (info.ok()) return *info;
  // Without a module, not every plan shall look for one.
  module_usable_ = now + options_.module_retry;
  return std::nullopt;
}

void Mover::Carry(ranges::Time now, const ranges::Plan& plan, Chunks& chunks,
                  const std::optional<Hyperplace::Info>& info) {
  if (!limited_) return Shift(now, plan.demotions, TierId::kSmem, chunks);
  const bool exchange = !plan.exchanges.empty() || !plan.promotions.empty();
  const bool pressed = exchange && pressure_.High(now);
  if (pressed) ++stats_.paused;
  exchange_first_ = !exchange_first_ && exchange && !pressed;
  if (!exchange_first_) Shift(now, plan.demotions, TierId::kSmem, chunks);
  if (exchange && !pressed) {
    Exchange(now, plan.exchanges, chunks, info);
    Shift(now, plan.promotions, TierId::kFmem, chunks);
  }
  if (exchange_first_) Shift(now, plan.demotions, TierId::kSmem, chunks);
}

void Mover::Shift(ranges::Time now, const std::vector<ranges::Move>& moves, TierId to, Chunks& chunks) {
  const TierId from = to == TierId::kFmem ? TierId::kSmem : TierId::kFmem;
  for (const ranges::Move& move : moves) {
    if (!MayGoOn(now)) {
      ++stats_.held_back;
      return;
    }
    Chunk* chunk = chunks.Find(move.part, from, move.amount);
    if (chunk == nullptr) continue;
    // A huge page moves as a whole.
    if (to == TierId::kFmem && !FmemHasRoom(now, chunk->layout.huge ? ranges::kChunk : move.amount)) {
      ++stats_.held_back;
      return;
    }
    Bytes moved;
    const bool room = chunks.Shift(*chunk, to, move.amount, moved);
    if (limited_) bucket_.Take(now, moved);
    (to == TierId::kFmem ? stats_.promoted : stats_.demoted) += moved;
    if (to == TierId::kSmem && free_smem_) *free_smem_ -= moved;
    if (!room) return;
  }
}

bool Mover::SmemHasRoom(Bytes amount) const {
  return !smem_full_ && (!free_smem_ || *free_smem_ >= amount + options_.smem_reserve);
}

void Mover::Exchange(ranges::Time now, const std::vector<ranges::Exchange>& exchanges, Chunks& chunks,
                     const std::optional<Hyperplace::Info>& info) {
  const bool by_module = info && (info->features & (HYPERPLACE_EXCHANGE | HYPERPLACE_EXCHANGE_HUGE)) != 0;
  std::optional<Exchanger> exchanger;
  if (by_module) exchanger.emplace(module_, *info, nodes_, chunks, stats_);
  for (const ranges::Exchange& exchange : exchanges) {
    if (!MayGoOn(now)) {
      ++stats_.held_back;
      break;
    }
    if (exchanger && exchanger->broken()) break;
    // Before pages are looked for that cannot be moved anyway.
    if (!by_module && !SmemHasRoom(exchange.amount)) break;
    Chunk* hot = chunks.Find(exchange.hot, TierId::kSmem, exchange.amount);
    if (hot == nullptr) continue;
    Chunk* cold = chunks.Find(exchange.cold, TierId::kFmem, exchange.amount);
    if (cold == nullptr) continue;
    if (exchanger) {
      // Paid before it is known to work: batches are settled later.
      const Bytes taken = exchanger->Add(*hot, *cold, exchange.amount);
      bucket_.Take(now, taken + taken);
    } else {
      bucket_.Take(now, exchange.amount + exchange.amount);
      ExchangeThroughSmem(now, {hot, cold, exchange.amount}, chunks);
    }
  }
  if (!exchanger) return;
  exchanger->Flush();
  if (exchanger->broken()) module_usable_ = now + options_.module_retry;
  for (const Exchanger::Leftover& leftover : exchanger->TakeLeftovers()) ExchangeThroughSmem(now, leftover, chunks);
}

void Mover::ExchangeThroughSmem(ranges::Time now, const Exchanger::Leftover& exchange, Chunks& chunks) {
  Chunk& hot = *exchange.hot;
  Chunk& cold = *exchange.cold;
  // A huge page moves as a whole.
  const Bytes demoted = cold.layout.huge ? ranges::kChunk : exchange.amount;
  const Bytes promoted = hot.layout.huge ? ranges::kChunk : exchange.amount;
  if (hot.defer || cold.defer) return;
  if (!SmemHasRoom(demoted) || options_.cpu_clock() - call_start_ >= call_most_) {
    // The same would be found out again with each plan.
    if (!SmemHasRoom(demoted)) hot.defer = true;
    ++stats_.held_back;
    return;
  }
  Bytes moved;
  if (vacated_ < promoted && !chunks.Shift(cold, TierId::kSmem, exchange.amount, moved)) smem_full_ = true;
  vacated_ += moved;
  if (free_smem_) *free_smem_ -= moved;
  // A huge page waits for as many demotions as it takes; what is freed in vain is promoted into by a later plan.
  if (vacated_ < std::min(promoted, hot.layout.size(TierId::kSmem)) || promoted == Bytes()) return;
  if (!FmemHasRoom(now, promoted)) return;
  Bytes risen;
  (void)chunks.Shift(hot, TierId::kFmem, exchange.amount, risen);
  const Bytes both = std::min(risen, vacated_);
  stats_.exchanged += both;
  stats_.promoted += risen - both;
  vacated_ -= risen;
  if (free_smem_) *free_smem_ += risen;
  // What was moved beyond what was paid for.
  bucket_.Take(now, (moved + risen) - (exchange.amount + exchange.amount));
}

}  // namespace hypertier::agent
