// SPDX-License-Identifier: Apache-2.0
#include "guest-agent/placement/effort.h"

#include <algorithm>

namespace hypertier::agent {
namespace {

constexpr std::uint64_t kOfResident = 16;
constexpr std::uint64_t kOfFmem = 256;

}  // namespace

void Effort::Update(ranges::Time now, Bytes resident, Bytes moved, Bytes fmem) {
  const Bytes change = std::max(resident, resident_) - std::min(resident, resident_);
  const Bytes moves = moved - std::min(moved, moved_);
  const bool other_memory = change > Bytes(resident_.count() / kOfResident);
  const bool was_wrong = moves > Bytes(fmem.count() / kOfFmem);
  if (news_ == ranges::Time::min() || other_memory || was_wrong) {
    news_ = now;
    resident_ = resident;
    moved_ = moved;
  }
  learning_ = now - news_ < kPatience;
}

}  // namespace hypertier::agent
