// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/mover/refusals.h"

namespace hypertier::agent {
namespace {

Refusal OfExchange(std::size_t status) {
  switch (status) {
    case HYPERPLACE_BUSY:
    case HYPERPLACE_OFF_LRU:
    case HYPERPLACE_WRITEBACK:
    case HYPERPLACE_SWAP_CACHE:
    case HYPERPLACE_CHANGED:
      return Refusal::kBusy;
    case HYPERPLACE_PINNED:
      return Refusal::kPinned;
    case HYPERPLACE_SHARED:
    case HYPERPLACE_KSM:
    case HYPERPLACE_NOT_ANON:
      return Refusal::kShared;
    case HYPERPLACE_NOT_PRESENT:
    case HYPERPLACE_NO_PROCESS:
    case HYPERPLACE_LAZY_FREE:
      return Refusal::kAbsent;
    case HYPERPLACE_NO_ACCESS:
    case HYPERPLACE_MLOCKED:
    case HYPERPLACE_POLICY:
    case HYPERPLACE_NOTIFIED:
      return Refusal::kForbidden;
    case HYPERPLACE_ALREADY:
    case HYPERPLACE_WRONG_NODE:
      return Refusal::kElsewhere;
    default:
      return Refusal::kOther;
  }
}

Refusal OfMove(MoveResult result) {
  switch (result) {
    case MoveResult::kBusy:
    case MoveResult::kWriteback:
      return Refusal::kBusy;
    case MoveResult::kShared:
      return Refusal::kShared;
    case MoveResult::kNotPresent:
    case MoveResult::kUnmapped:
    case MoveResult::kNoProcess:
      return Refusal::kAbsent;
    case MoveResult::kNoAccess:
    case MoveResult::kForbidden:
      return Refusal::kForbidden;
    case MoveResult::kNoMemory:
      return Refusal::kNoMemory;
    default:
      return Refusal::kOther;
  }
}

}  // namespace

std::array<std::uint64_t, kRefusals> RefusalsOf(const MoverStats& stats) {
  std::array<std::uint64_t, kRefusals> pages{};
  const auto add = [&pages](Refusal reason, std::uint64_t count) { pages[static_cast<std::size_t>(reason)] += count; };
  for (std::size_t i = 0; i < stats.refused_exchanges.size(); ++i) add(OfExchange(i), stats.refused_exchanges[i]);
  for (std::size_t i = 0; i < stats.refused_moves.size(); ++i) {
    add(OfMove(static_cast<MoveResult>(i)), stats.refused_moves[i]);
  }
  return pages;
}

}  // namespace hypertier::agent
